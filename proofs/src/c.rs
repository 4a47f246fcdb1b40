//! Questions to C compilers, asked as assertions: a compiler believes the assertions that it accepts.

use std::{
    collections::BTreeSet,
    env::consts,
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{self, Command, Output, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

use crate::{
    bpf::{root, which},
    debian::Package,
    host::cannot,
    select::Variant,
};

/// `expression == value`, in C.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    pub expression: String,
    pub value: i64,
}

impl Assertion {
    pub fn new(expression: impl Into<String>, value: impl TryInto<i64>) -> Self {
        Self {
            expression: expression.into(),
            value: value
                .try_into()
                .unwrap_or_else(|_| panic!("layouts are small numbers")),
        }
    }
}

/// A C compiler, made to compile for one machine.
#[derive(Debug, Clone)]
pub struct Compiler {
    path: PathBuf,
    args: Vec<OsString>,
}

impl Compiler {
    /// gcc for a machine. `Err` says what is missing.
    pub fn gcc(variant: &Variant) -> Result<Self, String> {
        // Machines whose compiler is not a separate program, or has another name than `cc` expects.
        let (compiler, flags): (_, &[&str]) = match variant.triple {
            "riscv64-linux-gnu" => ("riscv64-linux-gnu-gcc", &[]),
            "riscv32-linux-gnu" => ("riscv64-linux-gnu-gcc", &["-march=rv32gc", "-mabi=ilp32d"]),
            "aarch64_be-linux-gnu" => ("aarch64-linux-gnu-gcc", &["-mbig-endian"]),
            "armeb-linux-gnueabi" => ("arm-linux-gnueabihf-gcc", &["-mbig-endian"]),
            _ => ("", &[]),
        };
        let mut build = build(variant);
        if !compiler.is_empty() {
            build.compiler(compiler).no_default_flags(true);
        }
        build.flags(flags);
        let (gcc, tool) = Self::found(&build)?;
        if tool.is_like_clang() {
            return Err(format!("`{}` is not gcc", gcc.path.display()));
        }
        // `cc` falls back to these.
        let is_this_computers = gcc.path == Path::new("cc") || gcc.path == Path::new("gcc");
        if is_this_computers && !variant.triple.starts_with(consts::ARCH) {
            return Err(format!("no gcc for `{}` is known", variant.triple));
        }
        Ok(gcc)
    }

    /// clang for a machine: the newest clang that is installed. `Err` says what is missing.
    pub fn clang(variant: &Variant) -> Result<Self, String> {
        // clang 16 is the first that knows loongarch64.
        let versions = (16..=40).rev().map(|version| format!("clang-{version}"));
        let installed = versions
            .chain(["clang".into()])
            .find_map(|name| which(&name));
        let clang = installed
            .ok_or("clang is not installed: `scripts/setup`, or `apt-get install clang`")?;
        let (clang, _) = Self::found(build(variant).compiler(clang))?;
        Ok(clang.args(["-ferror-limit=0"]))
    }

    /// A clang, for the target with this triple: BPF is `bpfel` or `bpfeb`.
    pub fn for_triple(clang: PathBuf, triple: &str) -> Self {
        let args = ["-target", triple, "-ferror-limit=0"];
        let args = args.map(OsString::from).to_vec();
        Self { path: clang, args }
    }

    fn found(build: &cc::Build) -> Result<(Self, cc::Tool), String> {
        let tool = build
            .try_get_compiler()
            .map_err(|error| error.to_string())?;
        let path = tool.path().to_owned();
        let runs = path.is_file() || path.to_str().is_some_and(|name| which(name).is_some());
        if !runs {
            return Err(format!(
                "`{}` is not installed: `scripts/setup`",
                path.display()
            ));
        }
        let args = tool.args().to_vec();
        Ok((Self { path, args }, tool))
    }

    /// More arguments, such as folders of headers.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The start of the compiler's command: the program, and its arguments for the machine.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.args);
        command
    }

    /// Headers in a folder, before all others.
    #[must_use]
    pub fn headers(self, folder: &Path) -> Self {
        self.args([OsString::from("-isystem"), folder.into()])
    }

    /// Whether the compiler agrees with all assertions, which are compiled after `prelude`. Returns their number.
    ///
    /// Each assertion is also made with a wrong value, and the compiler has to refuse each of these. A compiler that
    /// overlooks assertions proves nothing.
    pub fn prove(&self, prelude: &str, assertions: &[Assertion]) -> Result<usize, String> {
        let complaints = self.complaints(prelude, assertions, 0)?;
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let complaints = self.complaints(prelude, assertions, 1)?;
        let refused = complaints
            .lines()
            .filter(|line| line.contains("error: static assertion failed"))
            .count();
        if refused != assertions.len() || refused == 0 {
            return Err(format!(
                "of {} false assertions {} refused {refused}:\n{complaints}",
                assertions.len(),
                self.path.display()
            ));
        }
        Ok(refused)
    }

    /// The values of integer constants, as the compiler computes them after `prelude`.
    pub fn numbers(&self, prelude: &str, expressions: &[String]) -> Result<Vec<u64>, String> {
        let list = expressions.join(",\n");
        let source = format!("{prelude}\nconst unsigned long long numbers[] = {{\n{list}\n}};\n");
        let object = self.object(&source)?;
        let file = object::File::parse(&*object).map_err(|error| error.to_string())?;
        let symbol = file.symbol_by_name("numbers");
        let symbol = symbol.ok_or("the object has no `numbers`")?;
        let section = symbol
            .section_index()
            .and_then(|at| file.section_by_index(at).ok());
        let section = section.ok_or("`numbers` is in no section")?;
        let data = section.data().map_err(|error| error.to_string())?;
        let start = (symbol.address() - section.address()) as usize;
        let bytes = data.get(start..start + 8 * expressions.len());
        let words = bytes.ok_or("`numbers` is too short")?.chunks_exact(8);
        let number = |word: &[u8]| {
            let word = word.try_into().expect("8 bytes");
            match file.is_little_endian() {
                true => u64::from_le_bytes(word),
                false => u64::from_be_bytes(word),
            }
        };
        Ok(words.map(number).collect())
    }

    /// The errors of a translation unit that makes the assertions: an empty text if it has none.
    fn complaints(
        &self,
        prelude: &str,
        assertions: &[Assertion],
        off_by: i64,
    ) -> Result<String, String> {
        let assertions = assertions.iter().map(|Assertion { expression, value }| {
            let value = value + off_by;
            format!("_Static_assert(({expression}) == {value}, {expression:?});\n")
        });
        let source = format!("{prelude}\n{}", assertions.collect::<String>());
        let output = self.run("-fsyntax-only", "c", &source)?;
        if output.status.success() {
            return Ok(String::new());
        }
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// A source text with its macros expanded.
    pub fn preprocessed(&self, source: &str) -> Result<String, String> {
        self.text("-E", source)
    }

    /// clang's output for a source text, in LLVM's assembly language.
    pub fn llvm(&self, source: &str) -> Result<String, String> {
        let to_llvm = ["-emit-llvm", "-o", "-"];
        self.clone().args(to_llvm).text("-S", source)
    }

    fn text(&self, what: &str, source: &str) -> Result<String, String> {
        let output = self.run(what, "c", source)?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The object that the compiler makes of a source text.
    pub fn object(&self, source: &str) -> Result<Vec<u8>, String> {
        self.object_of("c", source)
    }

    /// The object that the assembler makes of a text in assembly language.
    pub fn assembled(&self, source: &str) -> Result<Vec<u8>, String> {
        self.object_of("assembler", source)
    }

    /// The object of a text whose lines do not depend on each other, without the lines that the compiler refuses.
    /// Returns the indices of these, too.
    pub fn object_without(
        &self,
        language: &str,
        lines: &[String],
    ) -> Result<(Vec<u8>, BTreeSet<usize>), String> {
        let mut refused = BTreeSet::new();
        loop {
            let lines = lines.iter().enumerate();
            let text: String = lines
                .map(|(index, line)| match refused.contains(&index) {
                    true => "\n".to_owned(),
                    false => format!("{line}\n"),
                })
                .collect();
            let errors = match self.object_of(language, &text) {
                Ok(object) => return Ok((object, refused)),
                Err(errors) => errors,
            };
            let before = refused.len();
            refused.extend(errors.lines().filter_map(line_of_error));
            if refused.len() == before {
                return Err(errors);
            }
        }
    }

    fn object_of(&self, language: &str, source: &str) -> Result<Vec<u8>, String> {
        static OBJECTS: AtomicUsize = AtomicUsize::new(0);
        let folder = root().join("target/objects");
        let number = OBJECTS.fetch_add(1, Ordering::Relaxed);
        let object = folder.join(format!("{}-{number}.o", process::id()));
        fs::create_dir_all(&folder).map_err(cannot("make", &folder))?;
        let output = self
            .clone()
            .args([OsString::from("-o"), object.clone().into()])
            .run("-c", language, source)?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let bytes = fs::read(&object).map_err(cannot("read", &object))?;
        fs::remove_file(&object).map_err(cannot("remove", &object))?;
        Ok(bytes)
    }

    fn run(&self, what: &str, language: &str, source: &str) -> Result<Output, String> {
        let mut command = self.command();
        command
            .args([what, "-x", language, "-"])
            // The messages are searched, so they have to be in English.
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut run = || {
            let mut child = command.spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(source.as_bytes())?;
            }
            child.wait_with_output()
        };
        run().map_err(|error| format!("cannot run `{}`: {error}", self.path.display()))
    }
}

/// The line that an error is about: `<stdin>:12:5: error: …`, or gas's `{standard input}:12: Error: …`.
fn line_of_error(said: &str) -> Option<usize> {
    let (_, place) = said
        .split_once("<stdin>:")
        .or_else(|| said.split_once("{standard input}:"))?;
    if !place.to_ascii_lowercase().contains("error:") {
        return None;
    }
    let line: usize = place.split(':').next()?.parse().ok()?;
    line.checked_sub(1)
}

fn build(variant: &Variant) -> cc::Build {
    // Rust's triples have a vendor.
    let target = variant.triple.replacen("-linux", "-unknown-linux", 1);
    let mut build = cc::Build::new();
    build
        .target(&target)
        .host(&format!("{}-unknown-linux-gnu", consts::ARCH))
        .opt_level(0)
        .debug(false)
        .warnings(false)
        .cargo_metadata(false)
        .cargo_warnings(false)
        .cargo_output(false);
    build
}

/// The clang that compiles for BPF. The figures are for this clang.
pub fn clang() -> Result<PathBuf, String> {
    which("clang-22").ok_or_else(|| "no clang-22 in PATH: `scripts/setup` installs it".into())
}

/// The folder of `sys/sdt.h`, which is the same for every machine.
pub fn sdt_headers() -> Result<PathBuf, String> {
    static HEADERS: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
        let package = Package::newest("bookworm", "amd64", "systemtap-sdt-dev")?;
        Ok(package.root.join("usr/include/x86_64-linux-gnu"))
    });
    HEADERS.clone()
}
