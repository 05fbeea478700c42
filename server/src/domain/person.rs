//! People an account wrote to.

/// A person an account wrote to, with how often and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownPerson {
    /// The display name of the latest message that had one; may be empty.
    pub name: String,
    /// The address, ASCII: its domain in A-label form.
    pub address: String,
    /// How many messages were written to it.
    pub written_count: u32,
    /// When the latest one was written.
    pub written_unix_ms: i64,
}

/// A day in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The number of messages beyond which more of them no longer raise a person.
const COUNT_MAX: u32 = 20;

impl KnownPerson {
    /// Returns how likely this person is written to again: the number of messages, weighted by the
    /// time since the latest one.
    pub(crate) fn score(&self, now_unix_ms: i64) -> u32 {
        let age_days = now_unix_ms.saturating_sub(self.written_unix_ms) / DAY_MS;
        let weight = match age_days {
            ..4 => 100,
            4..14 => 70,
            14..31 => 50,
            31..90 => 30,
            90.. => 10,
        };
        self.written_count.min(COUNT_MAX).saturating_mul(weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_and_frequent_people_score_higher() {
        let now = 1_000 * DAY_MS;
        let score = |count, age_days: i64| {
            let person = KnownPerson {
                name: String::new(),
                address: "a@x.example".to_owned(),
                written_count: count,
                written_unix_ms: now - age_days * DAY_MS,
            };
            person.score(now)
        };
        assert!(score(2, 1) > score(1, 1));
        assert!(score(1, 1) > score(1, 40));
        assert!(score(5, 40) > score(1, 1), "often, a month ago");
        assert!(score(1, 1) > score(9, 400), "often, long ago");
        assert_eq!(score(20, 1), score(20_000, 1));
        // A clock that was set back.
        assert_eq!(score(1, -400), score(1, 0));
    }
}
