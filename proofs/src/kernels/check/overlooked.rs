//! Proves the checks: a report that is wrong in one word is refused.

use super::{
    super::{
        guests::{DebianKernel, Guest},
        plan::Plan,
        promise::{Outcome, Promise},
        slots::*,
        transcript::{Transcript, line_of, report_in},
        values::Values,
    },
    Check,
};

/// Reports that are wrong in one word, but are accepted.
pub fn overlooked(
    guest: &Guest,
    kernel: &DebianKernel,
    plan: &Plan,
    console: &[String],
) -> Vec<String> {
    let values = Values::new(guest);
    let is_confirmed = |console: &[String], promise: Promise| {
        let check = Check {
            guest,
            kernel,
            plan,
            values: &values,
            transcript: &Transcript::new(console),
            promise,
            differences: Vec::new(),
        };
        matches!(check.outcome(), Outcome::Confirmed)
    };
    let is_about_programs = |line: &&String| !line.starts_with("@ symbols ");
    let mut console: Vec<String> = console.iter().filter(is_about_programs).cloned().collect();
    let with_reports = Promise::ALL.iter().copied();
    let right: Vec<Promise> = with_reports
        .filter(|promise| !matches!(promise, Promise::Symbols | Promise::Corpus))
        .filter(|&promise| is_confirmed(&console, promise))
        .collect();
    let mut overlooked = Vec::new();
    for index in 0..console.len() {
        let line = console[index].clone();
        let Some((step, words)) = report_in(&line) else {
            continue;
        };
        // The words of a step are not compared if its promise is absent.
        let Some(own) = plan.promise(step).filter(|own| right.contains(own)) else {
            continue;
        };
        let written = (0..words.len()).filter(|&slot| words[slot] != 0 || slot == ERROR);
        for slot in written.filter(|&slot| is_compared(own, step, slot)) {
            // Methods of `pt_regs` give whole registers. A narrow argument is the low bits of a register.
            let wrong: &[u64] = match slot {
                FIRST_TYPED.. => &[1, 1 << 31, 1 << 63],
                _ => &[1],
            };
            for wrong in wrong {
                let mut words = words.clone();
                words[slot] ^= wrong;
                console[index] = line_of(step, &words);
                // Some words of a step are compared by the promise of another step.
                let mut promises = [own].into_iter().chain(right.iter().copied());
                if promises.all(|promise| is_confirmed(&console, promise)) {
                    overlooked.push(format!(
                        "word {slot} of the report of `{step}` may be wrong by {wrong:#x}"
                    ));
                }
            }
        }
        console[index] = line;
    }
    overlooked
}

/// Whether a word of a step's report is also known from the guest, or from another step.
fn is_compared(promise: Promise, step: &str, slot: usize) -> bool {
    match (promise, slot) {
        (_, HITS | LAST_WORD) => false,
        // No other source tells the kernel's stack and frames.
        (promise, STACK_POINTER | FRAME_POINTER) => {
            matches!(promise, Promise::Uprobe | Promise::Uretprobe)
        }
        // No other source tells which file it opened.
        (Promise::Kprobe, FIRST_TYPED) => step != "kprobe:wide",
        // Without a list of kprobes, no other source tells where this one stopped.
        (Promise::Syscall, INSTRUCTION_POINTER) => false,
        _ => true,
    }
}
