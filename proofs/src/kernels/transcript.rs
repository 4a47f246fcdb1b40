//! The guest's output on its console: `@ <step> <key> <value>...` in a line.

use std::collections::BTreeMap;

use super::slots::*;

/// The values, by step and key.
pub struct Transcript<'a>(BTreeMap<(&'a str, &'a str), Vec<&'a str>>);

impl<'a> Transcript<'a> {
    pub fn new(console: &'a [String]) -> Self {
        let mut lines: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for line in console.iter().filter_map(|line| line.strip_prefix("@ ")) {
            let mut parts = line.splitn(3, ' ');
            if let (Some(step), Some(key)) = (parts.next(), parts.next()) {
                let values = lines.entry((step, key)).or_default();
                values.push(parts.next().unwrap_or_default());
            }
        }
        Self(lines)
    }

    pub fn all<'s>(&'s self, step: &'s str, key: &'s str) -> &'s [&'s str] {
        let lines: &BTreeMap<(&'s str, &'s str), Vec<&'s str>> = &self.0;
        lines.get(&(step, key)).map_or(&[], Vec::as_slice)
    }

    pub fn text<'s>(&'s self, step: &'s str, key: &'s str) -> Option<&'s str> {
        self.all(step, key).first().copied()
    }

    /// A number that the guest knows without this crate.
    pub fn number(&self, step: &str, key: &str) -> Result<u64, String> {
        let number = self.text(step, key);
        number
            .and_then(|number| u64::from_str_radix(number, 16).ok())
            .ok_or_else(|| format!("{step}: the guest did not say its {key}"))
    }

    /// The words that the program of a step reported, if it was hit.
    pub fn report(&self, step: &str) -> Result<Vec<u64>, String> {
        let report = self.words_of(step);
        report.map_err(|why| format!("{step}: {why}"))
    }

    fn words_of(&self, step: &str) -> Result<Vec<u64>, String> {
        for key in ["failed", "refused"] {
            if let Some(why) = self.text(step, key) {
                return Err(format!("{key}: {why}"));
            }
        }
        let report = self.text(step, "report").ok_or("it did not report")?;
        match words(report) {
            Some(words) if words.len() != SLOTS => {
                Err(format!("it reported {} words of {SLOTS}", words.len()))
            }
            Some(words) if words[HITS] == 0 => Err("it was never hit".into()),
            Some(words) if words[ERROR] != 0 => Err(format!(
                "a read failed with error {}",
                words[ERROR].cast_signed()
            )),
            Some(words) => Ok(words),
            None => Err(format!("its report is garbled: `{report}`")),
        }
    }
}

fn words(report: &str) -> Option<Vec<u64>> {
    let words = report.split_whitespace();
    let words = words.map(|word| u64::from_str_radix(word, 16).ok());
    words.collect()
}

/// The step of a line with a report, and the report's words.
pub fn report_in(line: &str) -> Option<(&str, Vec<u64>)> {
    let (step, report) = line.strip_prefix("@ ")?.split_once(" report ")?;
    Some((step, words(report)?))
}

/// The line of a report.
pub fn line_of(step: &str, words: &[u64]) -> String {
    let words = words.iter().map(|word| format!("{word:x} "));
    format!("@ {step} report {}", words.collect::<String>())
}
