//! One alert through a routing tree, as Alertmanager walks it: depth first, the first child that matches takes the
//! alert unless it says `continue`, and a route whose children all refuse keeps it.
//!
//! Some labels are known only when the alert fires. A matcher on one of them may go either way, and so may everything
//! that depends on it: such ways are followed as well, and say what they depend on.

use super::labels::{Label, Labels};
use crate::model::routing::Hit;
use crate::model::{Id, Model, Route};
use crate::tree::Unknown;

/// How many routes one alert is asked of at most. Alertmanagers that people keep have some hundreds.
const MOST_ROUTES: usize = 200_000;

/// Every way that an alert takes or may take, in the order in which Alertmanager notifies.
pub(super) fn walk(model: &Model, root: Id<Route>, labels: &Labels<'_>) -> Vec<Hit> {
    let mut walk = Walk { model, labels, hits: Vec::new(), left: MOST_ROUTES };
    walk.visit(root, None);
    walk.hits
}

/// What a route says to an alert.
enum Answer {
    Yes,
    No,
    /// It depends on this.
    Maybe(Unknown),
}

struct Walk<'m, 'l> {
    model: &'m Model,
    labels: &'l Labels<'l>,
    hits: Vec<Hit>,
    left: usize,
}

impl Walk<'_, '_> {
    /// Asks a route that is reached only if `depends_on` allows it.
    fn visit(&mut self, id: Id<Route>, depends_on: Option<&Unknown>) -> Answer {
        let route = &self.model[id];
        if self.left == 0 {
            return Answer::No;
        }
        self.left -= 1;
        let answer = self.asked(route);
        let own = match &answer {
            Answer::No => return answer,
            Answer::Yes => depends_on.cloned(),
            Answer::Maybe(unknown) => Some(depends_on.unwrap_or(unknown).clone()),
        };
        let mut taken = false;
        let mut maybe: Option<Unknown> = None;
        // What may have taken the alert before its later siblings are asked.
        let mut stopped: Option<Unknown> = None;
        for child in &route.children {
            let reached = own.as_ref().or(stopped.as_ref()).cloned();
            match self.visit(*child, reached.as_ref()) {
                Answer::Yes => {
                    taken = true;
                    if !self.model[*child].continues {
                        break;
                    }
                }
                Answer::Maybe(unknown) => {
                    if !self.model[*child].continues {
                        stopped.get_or_insert_with(|| unknown.clone());
                    }
                    maybe.get_or_insert(unknown);
                }
                Answer::No => {}
            }
        }
        if !taken {
            let depends_on = own.or(maybe);
            self.hits.push(Hit { route: Some(id), receiver: route.receiver, depends_on, span: None });
        }
        answer
    }

    /// Whether all matchers of a route accept the alert.
    fn asked(&self, route: &Route) -> Answer {
        let mut maybe = route.unreadable.clone();
        for test in &route.tests {
            match self.labels.get(&test.label) {
                Label::Is(value) => match test.accepts(value) {
                    Some(true) => {}
                    Some(false) => return Answer::No,
                    None => {
                        let reason = format!("the pattern `{}` was not evaluated", test.value);
                        maybe.get_or_insert_with(|| Unknown::new(reason, "", test.span));
                    }
                },
                Label::Unknown(unknown) => {
                    maybe.get_or_insert(Unknown { span: unknown.span.or(Some(test.span)), ..unknown });
                }
            }
        }
        maybe.map_or(Answer::Yes, Answer::Maybe)
    }
}
