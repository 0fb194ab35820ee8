use super::Options;
use crate::audit::Audit;
use std::io::{self, Write};
pub(super) fn write(_audit: &Audit, _options: &Options, _out: &mut dyn Write) -> io::Result<()> {
    Ok(())
}
