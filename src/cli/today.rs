//! The day of the run, for exceptions that end.

use anyhow::Context;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A day to judge by instead of today.
const TODAY: &str = "GRPC_GUARD_TODAY";
/// The second at which a reproducible build takes place.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// `GRPC_GUARD_TODAY`, then `SOURCE_DATE_EPOCH`, then the clock; in UTC, so that it is the same day on every machine.
pub(super) fn today() -> anyhow::Result<Date> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(day) = set(TODAY) {
        return day.parse().with_context(|| format!("{TODAY}: `{day}` is no date; write it as 2027-01-31"));
    }
    let now = match set(EPOCH) {
        Some(seconds) => {
            let timestamp = seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
            timestamp.with_context(|| format!("{EPOCH}: `{seconds}` is no number of seconds since 1970"))?
        }
        None => Timestamp::now(),
    };
    Ok(now.to_zoned(TimeZone::UTC).date())
}
