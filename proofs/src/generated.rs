//! Files that are committed, but generated. `cargo xtask bless` writes them, and the tests compare them.

use std::{fs, path::PathBuf};

use crate::{
    api::{self, FOLDER},
    bpf::root,
    facts::Facts,
    generate::{self, Error},
    host::cannot,
    package::manifest,
    picture,
    select::{MACHINES, Machine, Variant},
    syscalls,
};

/// A file of the repository, with the text that it should have.
#[derive(Debug)]
pub struct Generated {
    path: PathBuf,
    text: String,
}

impl Generated {
    fn new(path: impl AsRef<str>, text: String) -> Self {
        let path = root().join(path.as_ref());
        Self { path, text }
    }

    pub fn write(&self) -> Result<(), String> {
        fs::write(&self.path, &self.text).map_err(cannot("write", &self.path))
    }

    /// Whether the file has that text. `Err` shows the first difference.
    pub fn compare(&self) -> Result<(), String> {
        let path = self.path.display();
        let committed = fs::read_to_string(&self.path).map_err(cannot("read", &self.path))?;
        if committed == self.text {
            return Ok(());
        }
        let lines = || self.text.lines().zip(committed.lines());
        let same = lines().take_while(|(new, old)| new == old).count();
        let line = |text: &str| text.lines().nth(same).map(str::to_owned);
        Err(format!(
            "`{path}` is not what `cargo xtask bless` writes: where the change is meant, `bless` and commit it\n\
             first difference, in line {}: generated is {:?} and committed {:?}",
            same + 1,
            line(&self.text),
            line(&committed)
        ))
    }
}

/// Writes all generated files.
pub fn bless() -> Result<(), String> {
    for machine in MACHINES {
        let bindings = bindings(machine, &machine.variants[0]).map_err(|error| match error {
            Error::Libclang(why) | Error::Header(why) => why,
        });
        bindings?.write()?;
    }
    syscalls()?.write()?;
    for machine in MACHINES {
        picture(machine)?.write()?;
    }
    for (name, text) in api::snapshots()? {
        snapshot(&name, text).write()?;
    }
    readme()?.write()
}

/// A machine's bindings: the same for each of its endiannesses.
pub fn bindings(machine: &Machine, variant: &Variant) -> Result<Generated, Error> {
    let rust_version = rust_version().map_err(Error::Header)?;
    let text = generate::generate(machine, variant, &rust_version)?;
    Ok(Generated::new(
        format!("build/bindings/{}.rs", machine.name),
        text,
    ))
}

/// A snapshot of the public API, of [`api::snapshots`].
pub fn snapshot(name: &str, text: String) -> Generated {
    Generated::new(format!("{FOLDER}/{name}.txt"), text)
}

/// The table of syscalls.
pub fn syscalls() -> Result<Generated, String> {
    Ok(Generated::new("src/syscalls.tbl", syscalls::text()?))
}

/// The picture of a machine's registers in its documentation.
pub fn picture(machine: &Machine) -> Result<Generated, String> {
    Ok(Generated::new(
        format!("src/pictures/{}.md", machine.name),
        picture::registers(Facts::of(machine)?),
    ))
}

/// The machines that Aya has, by Aya's names and by this crate's: `emit_bpf_target_arch_cfg` in aya-build 0.2.1.
/// aya-ebpf 0.3.0, aya-ebpf-bindings 0.3.0 and aya-ebpf-cty 0.4.0 are built with it.
const AYA: [&str; 9] = [
    "aarch64",
    "arm",
    "loongarch64",
    "mips",
    "mips64",
    "powerpc64",
    "riscv64",
    "s390x",
    "x86_64",
];

/// The README with its table of machines.
pub fn readme() -> Result<Generated, String> {
    const ABOVE: &str = "|---|---|---|---|---|---|---|\n";
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
    let (before, rest) = text
        .split_once(ABOVE)
        .ok_or("the README has no table of machines")?;
    let rows = rest.split_inclusive('\n');
    let listed: usize = rows
        .take_while(|line| line.starts_with('|'))
        .map(str::len)
        .sum();
    let rows = MACHINES
        .iter()
        .map(row)
        .collect::<Result<String, String>>()?;
    let text = format!("{before}{ABOVE}{rows}{}", &rest[listed..]);
    Ok(Generated::new("README.md", text))
}

fn row(machine: &Machine) -> Result<String, String> {
    let facts = Facts::of(machine)?;
    let targets = machine.variants.iter();
    let targets: Vec<&str> = targets
        .map(|variant| &variant.endian.bpf_target()[..5])
        .collect();
    let char = facts.bindings.types.iter().find(|ty| ty.name == "c_char");
    let char = match char.ok_or("the bindings have no `c_char`")?.signed {
        true => "signed",
        false => "unsigned",
    };
    let aya = match AYA.contains(&machine.name) {
        true => "yes",
        false => "no",
    };
    Ok(format!(
        "| `{}` | {} | {} | {char} | {} | {} | {aya} |\n",
        machine.name,
        targets.join(", "),
        8 * facts.word,
        facts.arguments.len(),
        facts.syscall_arguments.len(),
    ))
}

/// The oldest compiler that has to understand the bindings: the library's `rust-version`.
pub fn rust_version() -> Result<String, String> {
    let manifest = manifest(&root().join("Cargo.toml"))?;
    let version = manifest["workspace"]["package"].get("rust-version");
    let version = version.and_then(toml::Value::as_str);
    Ok(version
        .ok_or("Cargo.toml has no `rust-version`")?
        .to_owned())
}
