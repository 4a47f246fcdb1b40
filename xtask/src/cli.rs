//! The command line. The comments on commands and arguments are also their help.

use std::{collections::BTreeSet, path::PathBuf};

use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
    value_parser,
};

use proofs::{
    bpf::Reads,
    kernels::{self, guests::GUESTS},
    pins::Wanted,
    random::{self, LTO, OPT_LEVELS, Setting, Workshop},
    select::{Endian, MACHINES, Machine},
};

/// The maintainer's commands
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Rewrite the generated files that are committed
    ///
    /// These are build/bindings, src/syscalls.tbl, src/pictures, tests/api and the README's table of machines.
    Bless,
    /// Boot Debian's kernels under qemu, and run this crate's programs in them
    ///
    /// Their reports are compared with the guest's own values. Without --arch and --release all kernels
    /// are booted, and KERNELS.md is rewritten.
    #[command(verbatim_doc_comment)]
    Kernels(Kernels),
    /// Pin the newest version of every package that proofs fetch, in proofs/packages.lock
    ///
    /// With arguments only one package is pinned. It may be a package that is not in the file yet.
    #[command(override_usage = "cargo xtask pin [<SUITE> <ARCHITECTURE> <NAME>]")]
    Pin(Pin),
    /// Make random programs, load and run them, and print those that are wrong
    ///
    /// A program has to load, and to return the same as on the host. A program that does not is cut down
    /// before it is printed. If a twin without this crate has the same fault, the program is only counted.
    ///
    /// Without --opt-level and --lto three settings are tried. With --opt-level alone, the LTO is fat. With
    /// --lto alone, the level is 3.
    #[command(verbatim_doc_comment)]
    Random(Random),
    /// Build a probe package with whichever toolchain for BPF is installed, and print the folder of its objects
    Probe(Probe),
    /// Measure the cost of the crate beside C and aya-ebpf, and write BENCHMARKS.md (as root)
    Bench,
    /// Say which toolchain for BPF is installed
    Toolchain {
        /// A toolchain without the linker is enough
        #[arg(value_name = "core", value_parser = ["core"], hide_possible_values = true)]
        core: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct Kernels {
    /// Only the kernels of this machine
    #[arg(long, value_name = "MACHINE", value_parser = guests())]
    arch: Option<String>,
    /// Only the kernels of this release
    #[arg(long, value_parser = releases())]
    release: Option<String>,
    /// List the kernels, and boot none
    #[arg(long)]
    list: bool,
}

fn guests() -> PossibleValuesParser {
    GUESTS.iter().map(|guest| guest.machine).into()
}

fn releases() -> PossibleValuesParser {
    let kernels = GUESTS.iter().flat_map(|guest| guest.kernels);
    let releases: BTreeSet<&str> = kernels.map(|kernel| kernel.release).collect();
    releases.into()
}

impl From<Kernels> for kernels::Selection {
    fn from(args: Kernels) -> Self {
        Self {
            arch: args.arch,
            release: args.release,
            list: args.list,
        }
    }
}

#[derive(Debug, Args)]
pub struct Pin {
    #[command(flatten)]
    pub only: Option<Only>,
}

// All of them or none.
#[derive(Debug, Args)]
#[group(requires_all = ["suite", "architecture", "name"])]
pub struct Only {
    /// The release of Debian
    #[arg(required = false)]
    suite: String,
    /// Debian's name of the architecture
    #[arg(required = false)]
    architecture: String,
    /// An extended regular expression that matches the package's whole name
    #[arg(required = false)]
    name: String,
}

impl From<Only> for Wanted {
    fn from(only: Only) -> Self {
        Self::new(&only.suite, &only.architecture, &only.name)
    }
}

#[derive(Debug, Args)]
pub struct Random {
    /// The number that the programs are made from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The number of programs
    #[arg(long, value_name = "NUMBER", default_value_t = random::TOGETHER)]
    #[arg(value_parser = value_parser!(u64).range(1..))]
    count: u64,
    /// The machine, a little-endian one, because the interpreter takes no other
    #[arg(long, default_value = "x86_64", value_parser = machines(Workshop::takes))]
    machine: &'static Machine,
    /// Build at this level; may be repeated
    #[arg(long, value_name = "LEVEL", value_parser = word_of(OPT_LEVELS))]
    opt_level: Vec<&'static str>,
    /// Build with this LTO; may be repeated
    #[arg(long, value_name = "KIND", value_parser = word_of(LTO))]
    lto: Vec<&'static str>,
    /// Only programs that read ctx by construction, with inline assembly
    #[arg(long, conflicts_with = "fenced")]
    asm: bool,
    /// Only programs whose reads of ctx are fenced
    #[arg(long)]
    fenced: bool,
}

impl From<Random> for random::Selection {
    fn from(args: Random) -> Self {
        let settings = match (&args.opt_level[..], &args.lto[..]) {
            ([], []) => Setting::ALL.to_vec(),
            (opt_levels, []) => settings(opt_levels, &["fat"]),
            ([], lto) => settings(&["3"], lto),
            (opt_levels, lto) => settings(opt_levels, lto),
        };
        let reads = match (args.asm, args.fenced) {
            (true, _) => Some(Reads::ByConstruction),
            (_, true) => Some(Reads::Fenced),
            _ => None,
        };
        Self {
            seed: args.seed,
            count: args.count,
            machine: args.machine,
            settings,
            reads,
        }
    }
}

/// Each level with each kind of LTO.
fn settings(opt_levels: &[&'static str], lto: &[&'static str]) -> Vec<Setting> {
    let settings = opt_levels
        .iter()
        .flat_map(|level| lto.iter().map(|kind| Setting::new(level, kind)));
    settings.collect()
}

#[derive(Debug, Args)]
pub struct Probe {
    /// The package's folder
    pub folder: PathBuf,
    /// The machine that the probe runs on
    #[arg(value_parser = machines(|_| true))]
    pub machine: &'static Machine,
    /// In big-endian, where the machine has both
    #[arg(value_name = "big", value_parser = one_of([("big", Endian::Big)]), hide_possible_values = true)]
    pub endian: Option<Endian>,
}

fn machines(are_taken: fn(&Machine) -> bool) -> impl TypedValueParser<Value = &'static Machine> {
    let taken = MACHINES.iter().filter(move |machine| are_taken(machine));
    one_of(taken.map(|machine| (machine.name, machine)))
}

fn word_of(words: &'static [&'static str]) -> impl TypedValueParser<Value = &'static str> {
    one_of(words.iter().map(|word| (*word, *word)))
}

/// Takes a name, and gives what it names.
fn one_of<T: Clone + Send + Sync + 'static>(
    named: impl IntoIterator<Item = (&'static str, T)>,
) -> impl TypedValueParser<Value = T> {
    let (names, values): (Vec<&str>, Vec<T>) = named.into_iter().unzip();
    PossibleValuesParser::new(names.clone()).try_map(move |given| {
        let place = names.iter().position(|name| *name == given);
        place
            .map(|place| values[place].clone())
            .ok_or("is not known")
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(words: &str) -> Result<Command, String> {
        let words = words.split_whitespace();
        let cli = Cli::try_parse_from(["xtask"].into_iter().chain(words));
        cli.map(|cli| cli.command)
            .map_err(|error| error.to_string())
    }

    fn random(words: &str) -> random::Selection {
        match parse(&format!("random {words}")) {
            Ok(Command::Random(args)) => args.into(),
            other => panic!("`{words}`: {other:?}"),
        }
    }

    #[test]
    fn the_commands_are_sound() {
        Cli::command().debug_assert();
    }

    /// Scripts and pages have these commands.
    #[test]
    fn known_commands_are_accepted() {
        for words in [
            "bless",
            "kernels",
            "kernels --arch s390x --release 6.12 --list",
            "pin",
            "pin trixie s390x made-up-[0-9]+",
            "random",
            "random --seed 7 --count 1000 --machine aarch64 --opt-level s --lto thin --asm",
            "random --fenced",
            "probe examples/tracer/probe s390x",
            "probe examples/tracer/probe mips big",
            "bench",
            "toolchain",
            "toolchain core",
        ] {
            parse(words).expect(words);
        }
    }

    #[test]
    fn what_cannot_be_asked_is_explained() {
        for (words, said) in [
            ("blss", "a similar subcommand exists: 'bless'"),
            ("kernels --arch s390", "a similar value exists: 's390x'"),
            ("kernels --release 7", "[possible values: 6.1, 6.12, 7.2]"),
            ("pin trixie s390x", "not provided:\n  <NAME>"),
            ("random --seed", "a value is required for '--seed <NUMBER>'"),
            ("random --seed x", "invalid value 'x' for '--seed <NUMBER>'"),
            ("random --count 0", "invalid value '0'"),
            // Big-endian.
            ("random --machine s390x", "[possible values: x86_64, x86, "),
            ("random --opt-level 9", "[possible values: 1, 2, 3, s, z]"),
            ("random --lto thick", "[possible values: fat, thin, off]"),
            ("random --asm --fenced", "cannot be used with '--fenced'"),
            ("probe . s309x", "a similar value exists: 's390x'"),
            ("probe . mips large", "invalid value 'large' for '[big]'"),
            ("toolchain cor", "a similar value exists: 'core'"),
        ] {
            let error = parse(words).expect_err(words);
            assert!(error.contains(said), "`{words}`: {error}");
        }
    }

    #[test]
    fn one_package_is_pinned_or_all() {
        let only = |words| match parse(words) {
            Ok(Command::Pin(Pin { only })) => only.map(Wanted::from),
            other => panic!("`{words}`: {other:?}"),
        };
        assert_eq!(only("pin"), None);
        let wanted = Wanted::new("trixie", "s390x", "made-up");
        assert_eq!(only("pin trixie s390x made-up"), Some(wanted));
    }

    #[test]
    fn what_is_not_chosen_of_a_setting_is_the_first() {
        let all = [("3", "fat"), ("2", "thin"), ("s", "fat")];
        for (words, chosen) in [
            ("", &all[..]),
            ("--opt-level s", &[("s", "fat")]),
            ("--lto off", &[("3", "off")]),
            (
                "--opt-level 1 --opt-level z --lto fat --lto off",
                &[("1", "fat"), ("1", "off"), ("z", "fat"), ("z", "off")],
            ),
        ] {
            let chosen: Vec<_> = chosen
                .iter()
                .map(|(level, lto)| Setting::new(level, lto))
                .collect();
            assert_eq!(random(words).settings, chosen, "`{words}`");
        }
    }

    #[test]
    fn both_ways_of_reading_are_tried() {
        for (words, reads) in [
            ("", None),
            ("--asm", Some(Reads::ByConstruction)),
            ("--fenced", Some(Reads::Fenced)),
        ] {
            assert_eq!(random(words).reads, reads, "`{words}`");
        }
    }
}
