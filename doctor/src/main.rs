//! `probe-abi-doctor`: see the README.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use probe_abi_doctor::{Computer, libclang, shortened};

const USAGE: &str = "\
usage: probe-abi-doctor [--help | --version]

Says whether probes can be built in this folder, and whether the running kernel has the `pt_regs` of
probe-abi, in a text to paste into an issue. The exit code is 0 if nothing is bad, and 1 otherwise.
";
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn main() -> ExitCode {
    let given: Vec<_> = env::args_os().skip(1).collect();
    let given = given.join(" ".as_ref());
    let (text, is_good) = match &*given.to_string_lossy() {
        "" => {
            let computer = Computer::this();
            let text = shortened(&computer.to_string(), env::home_dir().as_deref());
            (text, computer.is_good())
        }
        "--help" => (USAGE.into(), true),
        "--version" => (format!("probe-abi-doctor {VERSION}\n"), true),
        // The program runs itself with this argument.
        "libclang" => libclang().map_or_else(|why| (why, false), |found| (found, true)),
        other => {
            let other = other.escape_debug();
            eprintln!("error: `{other}` is not accepted: give nothing, `--help` or `--version`");
            return ExitCode::FAILURE;
        }
    };
    // A reader that closes the pipe has read enough.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::from(u8::from(!is_good))
}
