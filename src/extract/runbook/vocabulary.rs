//! The words of runbooks, as data: which headings mean what, which folders hold what. Uses nothing.
//!
//! Calibrated on prometheus-operator/runbooks (Meaning, Impact, Diagnosis, Mitigation on nearly every page) and on the
//! runbooks of gitlab.com (Symptoms, Possible checks, Resolution). Other languages have their commonest words only.
//!
//! A phrase is matched by whole words, anywhere in a heading; `^` ties it to the start, `=` to the whole heading, and a
//! trailing `*` lets the last word go on. Scripts without spaces are matched anywhere.

use std::sync::LazyLock;

/// What a section is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    /// How data is brought back.
    Restore,
    /// How the last deployment is undone.
    Rollback,
    /// What makes it stop hurting.
    Mitigation,
    /// What to look at.
    Diagnosis,
    /// How one knows that it is over.
    Verification,
    /// Who is called next.
    Escalation,
    /// What users see of it.
    Impact,
    /// What the alert says in plain words.
    Meaning,
}

impl Purpose {
    /// Its name in the model.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Restore => "restore",
            Self::Rollback => "rollback",
            Self::Mitigation => "mitigation",
            Self::Diagnosis => "diagnosis",
            Self::Verification => "verification",
            Self::Escalation => "escalation",
            Self::Impact => "impact",
            Self::Meaning => "meaning",
        }
    }
}

/// The four sections that a page for an incident needs.
pub(super) const NEEDED: [Purpose; 4] = [Purpose::Meaning, Purpose::Impact, Purpose::Diagnosis, Purpose::Mitigation];

/// The headings of one purpose.
pub(super) struct Headings {
    /// What they are for.
    pub(super) purpose: Purpose,
    /// Words that only a runbook uses this way: they tell what kind of page it is, too.
    pub(super) strong: &'static [&'static str],
    /// Words that other pages use as well: they only say that the section is there.
    pub(super) weak: &'static [&'static str],
}

/// Every purpose with its words; a heading may have several purposes (`Diagnosis and mitigation`).
pub(super) const HEADINGS: &[Headings] = &[
    Headings {
        purpose: Purpose::Restore,
        strong: &[],
        weak: &[
            "restore*",
            "restoring",
            "restoration",
            "^recover*",
            "=recovery",
            "recovery procedure*",
            "disaster recovery",
            "point in time recovery",
            "wiederherstell*",
            "zurückspielen",
            "restauration",
            "restaurer",
            "restaura*",
            "herstel*",
            "terugzetten",
            "récupération",
            "recuperación",
            "recuperação",
            "ripristin*",
            "восстановлен*",
            "復元",
            "リストア",
            "恢复",
        ],
    },
    Headings {
        purpose: Purpose::Rollback,
        strong: &[],
        weak: &[
            "rollback*",
            "roll back",
            "rolling back",
            "rolled back",
            "^revert*",
            "^undo*",
            "undo a deploy*",
            "back out",
            "backout*",
            "zurückrollen",
            "retour arrière",
            "zurücksetzen",
            "revenir en arrière",
            "retour à la version",
            "vuelta atrás",
            "volver atrás",
            "reversão",
            "terugdraai*",
            "terugrol*",
            "revertir",
            "reverter",
            "откат*",
            "ロールバック",
            "切り戻し",
            "回滚",
        ],
    },
    Headings {
        purpose: Purpose::Mitigation,
        strong: &[
            "mitigat*",
            "remediat*",
            "=resolution",
            "resolution steps",
            "workaround*",
            "how to fix",
            "what to do",
            "troubleshoot*",
            "behebung",
            "maßnahme*",
            "gegenmaßnahme*",
            "sofortmaßnahme*",
            "fehlerbehebung",
            "abhilfe",
            "dépannage",
            "contournement",
            "mesures correctives",
            "que faire",
            "qué hacer",
            "o que fazer",
            "was tun",
            "wat te doen",
            "acciones correctivas",
            "ações corretivas",
            "maatregel*",
            "atténuation",
            "remédiation",
            "mitigación",
            "mitigação",
            "mitigazione",
            "緩和",
            "缓解",
            "устранение",
        ],
        weak: &[
            "resolution",
            "resolv*",
            "solution*",
            "^fix*",
            "^recover*",
            "recovery",
            "=actions",
            "=action",
            "=steps",
            "response",
            "=procedure",
            "corrective",
            "repair*",
            "countermeasure*",
            "=runbook",
            "=playbook",
            "treatment",
            "steps to take",
            "immediate action*",
            "lösung*",
            "=schritte",
            "=étapes",
            "=pasos",
            "=passos",
            "=stappen",
            "=acties",
            "verhelpen",
            "résolution",
            "resolución",
            "solución",
            "solução",
            "risoluzione",
            "oplossing",
            "решение",
            "対応",
            "対処",
            "復旧",
            "处理",
            "解决",
        ],
    },
    Headings {
        purpose: Purpose::Diagnosis,
        strong: &[
            "diagnos*",
            "triage",
            "investigat*",
            "troubleshoot*",
            "possible check*",
            "steps to check",
            "what to check",
            "things to check",
            "possible cause*",
            "fehlersuche",
            "fehleranalyse",
            "dépannage",
            "mögliche ursachen",
            "causes possibles",
            "posibles causas",
            "possíveis causas",
            "mogelijke oorzaken",
            "diagnóstic*",
            "診断",
            "诊断",
            "排查",
            "диагностика",
        ],
        weak: &[
            "debug*",
            "^check*",
            "first steps",
            "cause*",
            "root cause*",
            "how to check",
            "analysis",
            "what to do",
            "=steps",
            "=procedure",
            "pointers",
            "identify*",
            "likely suspects",
            "where to look",
            "=response",
            "=logs",
            "what to look at",
            "first and foremost",
            "ursache*",
            "causas",
            "oorza*",
            "analyse",
            "investigación",
            "investigação",
            "onderzoek",
            "comprueba*",
            "prüf*",
            "untersuchung",
            "vérif*",
            "comprobacion*",
            "調査",
            "причины",
        ],
    },
    Headings {
        purpose: Purpose::Verification,
        strong: &[],
        weak: &[
            "verif*",
            "validat*",
            "post check*",
            "postcheck*",
            "how do you know",
            "how you know",
            "how to know",
            "success criteria",
            "smoke test*",
            "confirm*",
            "überprüf*",
            "erfolgskontrolle",
            "comprobación final",
            "vérif*",
            "controle",
            "проверка",
            "検証",
            "验证",
        ],
    },
    Headings {
        purpose: Purpose::Escalation,
        strong: &[],
        weak: &[
            "escalat*",
            "contact*",
            "on call",
            "oncall",
            "who to call",
            "whom to call",
            "owner*",
            "=support",
            "who to ask",
            "eskalation*",
            "ansprechpartner*",
            "bereitschaft*",
            "rufbereitschaft",
            "astreinte",
            "guardia",
            "plantão",
            "contato*",
            "piketdienst",
            "kontakt*",
            "escalade",
            "escala*",
            "escalona*",
            "эскалация",
            "エスカレーション",
            "連絡先",
            "升级",
        ],
    },
    Headings {
        purpose: Purpose::Impact,
        strong: &["impact*", "blast radius", "auswirkung*", "impacto", "impatto", "影響", "影响", "влияние"],
        weak: &[
            "consequence*",
            "severity",
            "affected",
            "effect*",
            "user experience",
            "folgen",
            "betroffen*",
            "efectos",
            "efeitos",
            "effets",
            "conséquence*",
            "consecuencia*",
            "gevolg*",
            "последствия",
        ],
    },
    Headings {
        purpose: Purpose::Meaning,
        strong: &[
            "meaning",
            "symptom*",
            "what does this alert*",
            "what this alert*",
            "alert description",
            "bedeutung",
            "symptôme*",
            "signification",
            "síntoma*",
            "sintoma*",
            "sintomi",
            "betekenis",
            "症状",
            "含义",
            "симптомы",
        ],
        weak: &[
            "what it means",
            "what this means",
            "what is happening",
            "what happened",
            "=summary",
            "=overview",
            "=description",
            "^about",
            "=background",
            "=alert",
            "=alerts",
            "=intro",
            "=introduction",
            "=reason",
            "=trigger*",
            "=problem",
            "problem description",
            "problem statement",
            "=definition",
            "=context",
            "=when",
            "=what",
            "^what is",
            "=purpose",
            "=scenario",
            "=detection",
            "explanation",
            "beschreibung",
            "zusammenfassung",
            "überblick",
            "=résumé",
            "aperçu",
            "=resumen",
            "=resumo",
            "samenvatting",
            "overzicht",
            "was bedeutet",
            "qué significa",
            "o que significa",
            "wat betekent",
            "=contexte",
            "=contexto",
            "descripción",
            "significado",
            "descrição",
            "beschrijving",
            "descrizione",
            "описание",
            "概要",
            "意味",
            "概述",
        ],
    },
];

/// Words in a title that say the page explains or sets up, rather than tells what to do in need.
pub(super) const GUIDE_TITLES: &[&str] = &[
    "install*",
    "setup",
    "set up",
    "setting up",
    "getting started",
    "quick start",
    "quickstart",
    "configur*",
    "architecture",
    "overview",
    "introduction",
    "contribut*",
    "onboarding",
    "tutorial*",
    "concepts",
    "design",
    "^about",
    "faq",
    "glossary",
    "how it works",
    "guide",
    "exercise*",
    "new runbook*",
    "add runbook*",
    "add a runbook",
    "writing runbook*",
];

/// Beginnings of titles that say what somebody sets out to do by day.
pub(super) const SET_UP_TITLES: &[&str] = &[
    "^onboard*",
    "^offboard*",
    "^create",
    "^creating",
    "^update",
    "^updating",
    "^recreate",
    "^recreating",
    "^rotate",
    "^rotating",
    "^upgrade",
    "^upgrading",
    "^add",
    "^adding",
    "^install",
    "^installing",
    "^configure",
    "^configuring",
    "^enable",
    "^enabling",
    "^migrate",
    "^migrating",
    "^provision",
    "^provisioning",
    "^set up",
    "^setting up",
    "^decommission",
    "^decommissioning",
];

/// Folders whose pages say how to do one thing.
pub(super) const HOW_TO_FOLDERS: &[&str] =
    &["how-to", "how_to", "howto", "how-tos", "howtos", "how-to-guides", "tutorial", "tutorials"];

/// Folders whose pages are for the night.
pub(crate) const RUNBOOK_FOLDERS: &[&str] = &[
    "runbook",
    "runbooks",
    "run-books",
    "run_books",
    "playbook",
    "playbooks",
    "sop",
    "sops",
    "procedures",
    "dr",
    "disaster-recovery",
    "disaster_recovery",
    "on-call",
    "oncall",
    "on_call",
];

/// Folders and files beside which `playbooks/` means Ansible's.
pub(super) const ANSIBLE_FOLDERS: &[&str] = &["ansible", "roles"];

/// Folders whose pages record or argue: post-mortems, decisions, proposals. They are read after the night.
pub(super) const RECORD_FOLDERS: &[&str] = &[
    "postmortem",
    "postmortems",
    "post-mortem",
    "post-mortems",
    "post_mortems",
    "retrospectives",
    "adr",
    "adrs",
    "decisions",
    "rfc",
    "rfcs",
    "proposals",
    "proposals-done",
    "proposals-accepted",
    "proposals-rejected",
    "blog",
    "changelog",
    "changelogs",
    "release-notes",
    "archive",
    "meetings",
];

/// Folders of drills, game days and exercises held.
pub(crate) const DRILL_FOLDERS: &[&str] = &[
    "drill",
    "drills",
    "gameday",
    "gamedays",
    "game-day",
    "game-days",
    "game_days",
    "dr-exercise",
    "dr-exercises",
    "dr-drills",
    "dr-tests",
    "fire-drills",
    "chaos",
    "chaos-days",
];

/// Folders of forms to copy.
pub(super) const TEMPLATE_FOLDERS: &[&str] =
    &["template", "templates", "_templates", "archetypes", "issue_template", "pull_request_template"];

/// Pages that lead to others.
pub(super) const INDEX_STEMS: &[&str] = &["readme", "index", "_index", "summary", "toc", "home", "_sidebar"];

/// A phrase of the tables above, taken apart once.
pub(super) struct Phrase {
    /// Its words, and whether the text may go on after each.
    words: Vec<(&'static str, bool)>,
    /// Whether it must stand at the start.
    start: bool,
    /// Whether it must be the whole.
    whole: bool,
    /// A script without spaces: it may stand anywhere.
    anywhere: bool,
}

impl Phrase {
    fn new(phrase: &'static str) -> Self {
        let words = phrase.trim_start_matches(['^', '=']).split(' ');
        Self {
            words: words.map(|word| word.strip_suffix('*').map_or((word, false), |prefix| (prefix, true))).collect(),
            start: phrase.starts_with('^'),
            whole: phrase.starts_with('='),
            anywhere: phrase.chars().any(|character| character >= '\u{3000}'),
        }
    }

    /// Whether it stands in a text. `words` are the text's, in lower case; `lower` is the whole of it.
    fn stands_in(&self, words: &[&str], lower: &str) -> bool {
        if self.anywhere {
            return self.words.iter().all(|(word, _)| lower.contains(word));
        }
        let fits = |window: &[&str]| {
            let pairs = window.iter().zip(&self.words);
            pairs.fold(true, |fits, (word, (wanted, more))| {
                fits && if *more { word.starts_with(wanted) } else { word == wanted }
            })
        };
        let count = self.words.len();
        match (self.whole, self.start) {
            (true, _) => words.len() == count && fits(words),
            (_, true) => words.len() >= count && fits(words),
            _ => words.windows(count).any(fits),
        }
    }
}

/// The phrases of every purpose, and whether each is strong.
static PHRASES: LazyLock<Vec<(Purpose, bool, Phrase)>> = LazyLock::new(|| {
    let of = |headings: &'static Headings| {
        let strong = headings.strong.iter().map(|phrase| (headings.purpose, true, Phrase::new(phrase)));
        strong.chain(headings.weak.iter().map(|phrase| (headings.purpose, false, Phrase::new(phrase))))
    };
    HEADINGS.iter().flat_map(of).collect()
});

/// What a heading is for, and whether its words say so with certainty. `words` are the heading's, in lower case;
/// `lower` is the whole of it.
pub(super) fn purposes<'h>(words: &'h [&str], lower: &'h str) -> impl Iterator<Item = (Purpose, bool)> + 'h {
    let standing = PHRASES.iter().filter(|(.., phrase)| phrase.stands_in(words, lower));
    standing.map(|(purpose, strong, _)| (*purpose, *strong))
}

/// Whether any phrase stands in a text.
pub(super) fn any(phrases: &'static [&'static str], text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = words_of(&lower);
    phrases.iter().any(|phrase| Phrase::new(phrase).stands_in(&words, &lower))
}

/// The words of a heading: letters and digits, leading numbers (`2.`, `Step 3:`) left out.
pub(super) fn words_of(lower: &str) -> Vec<&str> {
    lower
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .skip_while(|word| *word == "step" || word.chars().all(|digit| digit.is_ascii_digit()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_match_whole_words() {
        assert!(any(&["mitigat*"], "2. Mitigations"));
        assert!(any(&["=summary"], "Summary:"));
        assert!(!any(&["=summary"], "Summary of charges"));
        assert!(any(&["on call"], "Who is on-call?"));
        assert!(any(&["^recover*"], "Recovering the database"));
        assert!(!any(&["^recover*"], "Crash recovery"));
        assert!(any(&["影響"], "サービスへの影響"));
        assert!(!any(&["impact*"], "Compact the index"));
    }
}
