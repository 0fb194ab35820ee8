//! Schedules and their longest gaps, by hand and against a simulation.

use proptest::prelude::*;

use super::*;

const HOUR: f64 = 60.0;
const DAY: f64 = 1440.0;

fn gap_of(text: &str, dialect: Dialect) -> f64 {
    let schedule = Schedule::read(text, dialect).unwrap_or_else(|why| panic!("{text}: {why}"));
    schedule.longest_gap().unwrap_or_else(|| panic!("{text} never runs"))
}

#[test]
fn gaps_are_those_of_the_calendar() {
    for (text, dialect, expected) in [
        ("*/15 * * * *", Dialect::Unix, 15.0),
        ("*/40 * * * *", Dialect::Unix, 40.0),
        ("0 3 * * *", Dialect::Unix, DAY),
        ("0 1,3 * * *", Dialect::Unix, 22.0 * HOUR),
        ("30 */6 * * *", Dialect::Unix, 6.0 * HOUR),
        // Friday's run to Monday's.
        ("0 3 * * 1-5", Dialect::Unix, 3.0 * DAY),
        ("0 3 * * MON-FRI", Dialect::Unix, 3.0 * DAY),
        ("0 3 * * 0", Dialect::Unix, 7.0 * DAY),
        ("0 3 * * 7", Dialect::Unix, 7.0 * DAY),
        ("0 3 * * 5-7", Dialect::Unix, 5.0 * DAY),
        ("0 3 1 * *", Dialect::Unix, 31.0 * DAY),
        // From the end of March to that of May.
        ("0 3 31 * *", Dialect::Unix, 61.0 * DAY),
        ("0 3 30 * *", Dialect::Unix, 60.0 * DAY),
        // 2096 to 2104, since 2100 is no leap year.
        ("0 3 29 2 *", Dialect::Unix, (8.0 * 365.0 + 1.0) * DAY),
        // Either day field is enough: the first of the month or a Monday.
        ("0 3 1 * 1", Dialect::Unix, 7.0 * DAY),
        // Not restricted by its star: every second day that is a Monday.
        ("0 3 */2 * *", Dialect::Unix, 2.0 * DAY),
        ("0 0 3 * * *", Dialect::Unix, DAY),
        ("@daily", Dialect::Unix, DAY),
        ("@every 1h30m", Dialect::Unix, 90.0),
        ("CRON_TZ=Europe/Paris 0 3 * * *", Dialect::Unix, DAY),
        ("cron(0 5 ? * * *)", Dialect::Unix, DAY),
        ("cron(0 5 ? * MON-FRI *)", Dialect::Aws, 3.0 * DAY),
        // 1 is Sunday.
        ("cron(0 5 ? * 2-6 *)", Dialect::Aws, 3.0 * DAY),
        ("cron(0 5 L * ? *)", Dialect::Aws, 31.0 * DAY),
        ("cron(0 5 ? * 6L *)", Dialect::Aws, 35.0 * DAY),
        ("cron(0 5 ? * 2#1 *)", Dialect::Aws, 35.0 * DAY),
        ("cron(0/30 * * * ? *)", Dialect::Aws, 30.0),
        ("rate(12 hours)", Dialect::Aws, 12.0 * HOUR),
        ("rate(1 day)", Dialect::Aws, DAY),
        ("0 0 5 ? * MON *", Dialect::Quartz, 7.0 * DAY),
        ("0 0 5 ? * FRI-MON", Dialect::Quartz, 4.0 * DAY),
        ("0 0/30 8-9 15W * ?", Dialect::Quartz, 32.0 * DAY - 90.0),
        ("R/2026-05-23T02:30:00+00:00/P1W", Dialect::Unix, 7.0 * DAY),
        ("R/2026-05-23T02:30:00+00:00/PT4H", Dialect::Unix, 4.0 * HOUR),
        ("every 24 hours", Dialect::Unix, DAY),
        ("every day 03:00", Dialect::Unix, DAY),
    ] {
        let gap = gap_of(text, dialect);
        assert!((gap - expected).abs() < 1e-6, "{text}: {gap}, expected {expected}");
    }
}

#[test]
fn what_is_no_schedule_is_said_to_be_none() {
    for text in [
        "",
        "now",
        "* * * *",
        "61 * * * *",
        "0 25 * * *",
        "0 0 * * 8",
        "cron(0 5 ? * * 2026)",
        "rate(0 days)",
        "H 3 * * *",
        "@reboot",
    ] {
        assert!(Schedule::read(text, Dialect::Unix).is_err(), "{text}");
    }
    assert_eq!(Schedule::read("0 3 31 2 *", Dialect::Unix).unwrap().longest_gap(), None);
}

/// The minutes of four years at which a calendar runs, looked up minute by minute.
fn simulated(calendar: &Calendar) -> Vec<u32> {
    let mut runs = Vec::new();
    let mut number = 0;
    each_day(|day| {
        if number < 4 * 365 && calendar.runs_on(day) {
            for minute in 0..1440 {
                if calendar.hours >> (minute / 60) & 1 == 1 && calendar.minutes >> (minute % 60) & 1 == 1 {
                    runs.push(number * 1440 + minute);
                }
            }
        }
        number += 1;
    });
    runs
}

fn field(least: u32, most: u32) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => (least..=most).prop_map(|number| number.to_string()),
        1 => (2..=most / 2).prop_map(|step| format!("*/{step}")),
        1 => (least..=most, least..=most).prop_map(|(one, other)| format!("{one},{other}")),
        1 => (least..=most, least..=most).prop_map(|(one, other)| format!("{}-{}", one.min(other), one.max(other))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_gap_is_longer_than_the_longest(
        minute in field(0, 59), hour in field(0, 23), day in field(1, 31), month in field(1, 12), weekday in field(0, 6),
    ) {
        let text = format!("{minute} {hour} {day} {month} {weekday}");
        let Schedule::Calendar(calendar) = Schedule::read(&text, Dialect::Unix).unwrap() else { unreachable!() };
        let runs = simulated(&calendar);
        let observed = runs.windows(2).map(|pair| pair[1] - pair[0]).max();
        if let Some(observed) = observed {
            let longest = calendar.longest_gap().unwrap();
            prop_assert!(longest >= f64::from(observed), "{text}: {longest} < {observed}");
            prop_assert!(longest > 0.0);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ -~]{0,40}") {
        for dialect in [Dialect::Unix, Dialect::Aws, Dialect::Quartz] {
            if let Ok(schedule) = Schedule::read(&text, dialect) {
                prop_assert!(schedule.longest_gap().is_none_or(f64::is_finite));
            }
        }
    }

    #[test]
    fn any_fields_are_read_or_refused(text in "([0-9*?LW#/,A-Z-]{1,6} ){4,6}[0-9*]") {
        for dialect in [Dialect::Unix, Dialect::Aws, Dialect::Quartz] {
            if let Ok(schedule) = Schedule::read(&text, dialect) {
                let _ = schedule.longest_gap();
            }
        }
    }
}
