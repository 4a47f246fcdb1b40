//! Which machine the environment and cargo's configuration name, for a build in the current folder.

use std::{env, process::Command};

use crate::{
    host,
    select::{Endian, VARIABLE},
};

/// One of the ways in which a machine is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub value: String,
    pub origin: String,
    /// The only target that it is for, if it is not for all.
    pub endian: Option<Endian>,
}

/// Those of the current folder. The first wins, for each target.
pub fn here() -> Vec<Setting> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut get = Command::new(cargo);
    get.args(["-Zunstable-options", "config", "get", "--show-origin"])
        .env("RUSTC_BOOTSTRAP", "1");
    // What cargo cannot say is not known; what the environment says is.
    let configuration = host::output(&mut get).unwrap_or_default();
    settings(&configuration, |name| env::var(name).ok())
}

/// From what `cargo config get --show-origin` prints, and the environment.
pub fn settings(configuration: &str, variable: impl Fn(&str) -> Option<String>) -> Vec<Setting> {
    let entries = entries(configuration);
    // Of these, cargo takes the first that is there, and only that.
    let of_environment = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"]
        .iter()
        .find_map(|name| Some((*name, variable(name)?)));
    let mut settings: Vec<Setting> = match of_environment {
        Some((name, flags)) => cfg(&flags, format!("the variable `{name}`"), None)
            .into_iter()
            .collect(),
        None => {
            let of = |build| {
                let flags = entries
                    .iter()
                    .filter(move |entry| entry.key.ends_with("rustflags"));
                flags.filter(move |entry| entry.key.starts_with("build.") == build)
            };
            of(false)
                .chain(of(true))
                .filter_map(|entry| {
                    cfg(
                        &entry.text,
                        entry.origin("rustflags"),
                        endian_in(&entry.key),
                    )
                })
                .collect()
        }
    };
    let configured = entries.iter().find(|entry| {
        let key = entry.key.strip_prefix("env.").unwrap_or_default();
        key == VARIABLE || key == format!("{VARIABLE}.value")
    });
    let configured = configured.map(|entry| Setting {
        value: entry.text.trim_matches(QUOTES).to_owned(),
        origin: entry.origin("[env]"),
        endian: None,
    });
    let exported = variable(VARIABLE).map(|value| Setting {
        value,
        origin: format!("the variable `{VARIABLE}`"),
        endian: None,
    });
    match (exported, configured) {
        // `cargo xtask` exports what is configured.
        (Some(exported), Some(configured)) if exported.value == configured.value => {
            settings.push(configured);
        }
        (exported, configured) => settings.extend(exported.into_iter().chain(configured)),
    }
    settings
}

const QUOTES: &[char] = &['"', '\'', '\\'];

/// A value of the configuration, lists in one line, and the file that it stands in.
struct Entry {
    key: String,
    text: String,
    file: String,
}

impl Entry {
    fn origin(&self, table: &str) -> String {
        match self.file.as_str() {
            "" => format!("{table} of cargo's configuration"),
            file => format!("{table} in {file}"),
        }
    }
}

/// Each is `key = value # file`, or `key = [` and then its elements, `value, # file` each.
fn entries(configuration: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in configuration.lines().filter(|line| !line.starts_with('#')) {
        let (line, file) = line.rsplit_once(" # ").unwrap_or((line, ""));
        if let (true, Some(list)) = (line.starts_with([' ', ']']), entries.last_mut()) {
            list.text.push_str(line);
            // All elements that matter here are of one file, or nearly.
            if !file.is_empty() {
                list.file = file.to_owned();
            }
        } else if let Some((key, value)) = line.split_once(" = ") {
            entries.push(Entry {
                key: key.to_owned(),
                text: value.to_owned(),
                file: file.to_owned(),
            });
        }
    }
    entries
}

/// What flags give `bpf_target_arch`.
fn cfg(flags: &str, origin: String, endian: Option<Endian>) -> Option<Setting> {
    let (_, value) = flags.split_once("bpf_target_arch=")?;
    let value = value.trim_start_matches(QUOTES);
    let end = value.find(|c: char| QUOTES.contains(&c) || c.is_whitespace() || c.is_control());
    Some(Setting {
        value: value[..end.unwrap_or(value.len())].to_owned(),
        origin,
        endian,
    })
}

/// Which of the two BPF targets a key is for: `target.bpfel-unknown-none.rustflags`.
fn endian_in(key: &str) -> Option<Endian> {
    [Endian::Little, Endian::Big]
        .into_iter()
        .find(|endian| key.contains(endian.bpf_target()))
}
