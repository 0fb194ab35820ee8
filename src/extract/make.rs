//! Makefiles → the targets that can be made. Uses `model`.
//!
//! Enough of <https://www.gnu.org/software/make/manual/html_node/Rule-Syntax.html> to know the names of plain targets; a
//! file that has others (patterns, variables, includes) is marked as open.

use crate::extract::{Facts, Input};
use crate::model::surroundings::Makefile;
use crate::tree::{Content, Text};

/// Adds the targets of a Makefile.
pub(super) fn extract(input: &Input<'_>, facts: &mut Facts) {
    let name = input.source.path.rsplit('/').next().unwrap_or_default();
    if matches!(input.document.content, Content::Text) && matches!(name, "Makefile" | "makefile" | "GNUmakefile") {
        facts.model.surroundings.makefiles.push(read(&input.source.path, &input.source.text));
    }
}

fn read(path: &str, text: &str) -> Makefile {
    let mut makefile = Makefile { path: path.into(), targets: Vec::new(), open: false };
    let mut continued = false;
    for line in text.lines() {
        let (whole, continues) = (line.trim_end(), line.trim_end().ends_with('\\'));
        let skip = continued || line.starts_with(['\t', '#']) || whole.is_empty();
        continued = continues;
        if skip {
            continue;
        }
        let words = whole.trim_start();
        if ["include ", "-include ", "sinclude ", "$(eval", "$(call", "define "].iter().any(|it| words.starts_with(it))
        {
            makefile.open = true;
            continue;
        }
        let Some((names, rest)) = whole.split_once(':') else { continue };
        // `name := value`, `name ::= value` and `name = a:b` are variables.
        if rest.starts_with('=') || rest.starts_with(":=") || names.contains('=') {
            continue;
        }
        for name in names.split_whitespace() {
            if name.contains(['%', '$', '(', ')']) {
                makefile.open = true;
            } else {
                makefile.targets.push(Text::from(name));
            }
        }
    }
    makefile.targets.sort_unstable();
    makefile.targets.dedup();
    makefile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_targets_are_known_and_others_are_said_to_be() {
        let read = |text: &str| read("Makefile", text);
        let plain = read(
            "X := a:b\nY = c:d\n.PHONY: test lint\ntest lint: ## both\n\t@echo a: b\nbuild: \\\n  x: y\n# no: no\n",
        );
        assert_eq!(plain.targets, [".PHONY", "build", "lint", "test"]);
        assert!(!plain.open);
        for text in ["include common.mk\n", "%.o: %.c\n\tcc\n", "$(TARGETS): x\n"] {
            assert!(read(text).open, "{text}");
        }
    }
}
