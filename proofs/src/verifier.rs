//! The verdict of this computer's kernel on programs.

use aya::{
    EbpfLoader, VerifierLogLevel,
    programs::{Program, ProgramError, ProgramType},
    sys::is_program_supported,
};

/// Whether this computer's kernel accepts programs from this user, for the machine that they are built for.
pub fn kernel() -> Result<(), String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("programs are loaded by x86_64's kernel alone".into());
    }
    match is_program_supported(ProgramType::KProbe) {
        Ok(true) => Ok(()),
        Ok(false) => Err("this kernel has no BPF programs for probes".into()),
        Err(error) => Err(format!(
            "this kernel loads no program from us, is this root? {error}"
        )),
    }
}

/// `Err` has the kernel's last words, if it refuses a program.
pub type Verdict = Result<(), String>;

/// The kernel's verdict on every program of an object.
pub fn verdicts(object: &[u8]) -> Result<Vec<(String, Verdict)>, String> {
    // Without the state at each instruction: the log has no room for that of a long program.
    let mut loaded = EbpfLoader::new()
        .verifier_log_level(VerifierLogLevel::STATS)
        .load(object)
        .map_err(|error| format!("aya cannot load it: {error}"))?;
    let mut verdicts = Vec::new();
    for (name, program) in loaded.programs_mut() {
        let verdict = match program {
            Program::UProbe(program) => program.load(),
            Program::PerfEvent(program) => program.load(),
            other => {
                return Err(format!(
                    "`{name}` is a program of type {:?}",
                    other.prog_type()
                ));
            }
        };
        verdicts.push((name.to_owned(), verdict.map_err(|error| last_words(&error))));
    }
    Ok(verdicts)
}

fn last_words(error: &ProgramError) -> String {
    let ProgramError::LoadError { verifier_log, .. } = error else {
        return error.to_string();
    };
    let log = verifier_log.to_string();
    let statistics = [
        "processed ",
        "verification time ",
        "stack depth ",
        "cur state: ",
        "old state: ",
    ];
    let words = log
        .lines()
        .rfind(|line| !line.is_empty() && !statistics.iter().any(|start| line.starts_with(start)));
    words.unwrap_or("no reason given").to_owned()
}
