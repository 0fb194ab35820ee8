//! Time intervals: whether one is all of the time. <https://prometheus.io/docs/alerting/latest/configuration/#time_interval>

use crate::model::routing::Interval;
use crate::tree::Node;

/// Reads named intervals, in the form of Alertmanager or of an `AlertmanagerConfig`.
pub(super) fn read(list: &Node) -> Vec<Interval> {
    let named = list.items().iter().filter_map(|node| {
        let name = node.get("name")?;
        let parts = node.get("time_intervals").or_else(|| node.get("timeIntervals"));
        let always = parts.map_or(&[][..], Node::items).iter().any(is_always);
        Some(Interval { name: name.scalar()?, span: name.span, always })
    });
    named.collect()
}

/// Whether nothing limits an interval: every field is left out, or lists all there is.
fn is_always(interval: &Node) -> bool {
    let field = |snake: &str, camel: &str| interval.get(snake).or_else(|| interval.get(camel));
    let free = |node: Option<&Node>, all: &dyn Fn(&Node) -> bool| {
        node.is_none_or(|node| {
            node.is_null() || (node.items().is_empty() && node.scalar().is_none()) || node.items().iter().any(all)
        })
    };
    let written = |node: &Node, whole: &[&str]| {
        node.scalar().is_some_and(|text| whole.contains(&text.to_ascii_lowercase().as_str()))
    };
    let whole_day = |node: &Node| {
        let at = |snake: &str, camel: &str| node.get(snake).or_else(|| node.get(camel)).and_then(Node::scalar);
        at("start_time", "startTime").as_deref() == Some("00:00")
            && at("end_time", "endTime").as_deref() == Some("24:00")
    };
    let whole_month = |node: &Node| {
        let ends = node.get("start").and_then(Node::as_int).zip(node.get("end").and_then(Node::as_int));
        written(node, &["1:31", "1:-1"]) || matches!(ends, Some((1, 31 | -1)))
    };
    interval.as_map().is_some()
        && free(interval.get("times"), &whole_day)
        && free(interval.get("weekdays"), &|node| written(node, &["sunday:saturday", "monday:sunday"]))
        && free(field("days_of_month", "daysOfMonth"), &whole_month)
        && free(interval.get("months"), &|node| written(node, &["1:12", "january:december"]))
        && free(interval.get("years"), &|_| false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    #[test]
    fn only_what_nothing_limits_is_always() {
        for (text, expected) in [
            ("{times: [{start_time: '00:00', end_time: '24:00'}]}", true),
            ("{}", true),
            ("{weekdays: ['monday:sunday'], times: [{startTime: '00:00', endTime: '24:00'}]}", true),
            ("{days_of_month: ['1:31'], months: ['1:12']}", true),
            ("{weekdays: ['monday:friday']}", false),
            ("{times: [{start_time: '00:00', end_time: '23:59'}]}", false),
            ("{years: ['2020:2050']}", false),
        ] {
            let parsed = crate::parse::yaml::parse(SourceId(0), text);
            assert_eq!(is_always(&parsed.document.values()[0]), expected, "{text}");
        }
    }
}
