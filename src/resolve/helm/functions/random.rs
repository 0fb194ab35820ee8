//! Functions that give something else each time: what they give is not known.

use super::{Function, Given, MANY, keeps};
use crate::resolve::helm::run::Run;
use crate::resolve::helm::value::{Fields, Kind, Value};
use crate::tree::Unknown;

pub(super) const ALL: &[Function] = &[
    keeps("now", 0, 0, |run, _| Ok(unknown(run, "now", "the time of the rendering"))),
    keeps("ago", 1, 1, |run, _| Ok(unknown(run, "ago", "the time of the rendering"))),
    keeps("randAlphaNum", 1, 1, |run, _| Ok(unknown(run, "randAlphaNum", "random text"))),
    keeps("randAlpha", 1, 1, |run, _| Ok(unknown(run, "randAlpha", "random text"))),
    keeps("randAscii", 1, 1, |run, _| Ok(unknown(run, "randAscii", "random text"))),
    keeps("randNumeric", 1, 1, |run, _| Ok(unknown(run, "randNumeric", "random text"))),
    keeps("randBytes", 1, 1, |run, _| Ok(unknown(run, "randBytes", "random text"))),
    keeps("randInt", 2, 2, |run, _| Ok(unknown(run, "randInt", "a random number"))),
    keeps("shuffle", 1, 1, |run, _| Ok(unknown(run, "shuffle", "random text"))),
    keeps("uuidv4", 0, 0, |run, _| Ok(unknown(run, "uuidv4", "a random identifier"))),
    keeps("bcrypt", 1, 1, |run, _| Ok(unknown(run, "bcrypt", "a salted hash"))),
    keeps("htpasswd", 2, 3, |run, _| Ok(unknown(run, "htpasswd", "a salted hash"))),
    keeps("derivePassword", 5, 5, |run, _| Ok(unknown(run, "derivePassword", "a derived password"))),
    keeps("encryptAES", 2, 2, |run, _| Ok(unknown(run, "encryptAES", "encrypted text"))),
    keeps("decryptAES", 2, 2, |run, _| Ok(unknown(run, "decryptAES", "decrypted text"))),
    keeps("genPrivateKey", 1, 1, |run, _| Ok(unknown(run, "genPrivateKey", "a generated key"))),
    keeps("buildCustomCert", 2, 2, |run, _| certificate(run, "buildCustomCert")),
    keeps("genCA", 2, 2, |run, _| certificate(run, "genCA")),
    keeps("genCAWithKey", 3, 3, |run, _| certificate(run, "genCAWithKey")),
    keeps("genSelfSignedCert", 4, 4, |run, _| certificate(run, "genSelfSignedCert")),
    keeps("genSelfSignedCertWithKey", 5, 5, |run, _| certificate(run, "genSelfSignedCertWithKey")),
    keeps("genSignedCert", 5, 5, |run, _| certificate(run, "genSignedCert")),
    keeps("genSignedCertWithKey", 6, MANY, |run, _| certificate(run, "genSignedCertWithKey")),
];

fn unknown(run: &mut Run, name: &str, what: &str) -> Value {
    let reason = format!("`{name}` gives {what}, anew for each rendering");
    Kind::Unknown(run.origins.unknown(Unknown::new(reason, "audit the rendered manifests as well", None))).into()
}

fn certificate(run: &mut Run, name: &str) -> Given {
    let part = unknown(run, name, "a generated certificate");
    Ok(Value::map(["Cert", "Key"].into_iter().map(|key| (key.into(), part.clone())).collect::<Fields>()))
}
