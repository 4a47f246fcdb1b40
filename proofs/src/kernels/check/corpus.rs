//! Programs that are only loaded.

use super::{super::plan::Corpus, Check};

/// The programs of the corpus that kernels refuse if they read fields plainly.
const REFUSED_WHEN_PLAIN: &[&str] = include!("../../../../tests/corpus/refused.rs");

/// The reasons of the refusals: the address is computed from ctx, or differs from path to path.
const REFUSALS: [&str; 2] = ["dereference of modified ctx ptr", "variable ctx access"];

/// Linux 6.1's message about a loop whose back edge is not a jump. The content of the loop does not matter.
pub const LOOP_REFUSAL: &str = "back-edge from insn";

impl Check<'_> {
    /// The whole corpus loads. If the verifier refuses addresses computed from ctx, it refuses exactly the programs
    /// that are listed as refused when they read fields plainly.
    pub fn corpus(&mut self) -> Result<(), String> {
        let mut loaded = 0;
        for program in self.plan.loads(Corpus::Ours) {
            match self.verdict(program) {
                Ok(()) => loaded += 1,
                Err(why) if self.is_of_loop(&why) => {}
                Err(why) => {
                    self.differences
                        .push(format!("`{program}` is refused: {why}"));
                }
            }
        }
        let twins = self.plan.loads(Corpus::Plain);
        for program in twins.filter(|_| self.kernel.refuses_modified_ctx) {
            let (_, name) = program.split_once('/').unwrap_or_default();
            let refused = REFUSED_WHEN_PLAIN.contains(&name);
            let verdict = self.verdict(program);
            let expected = match &verdict {
                Ok(()) => !refused,
                Err(why) if self.is_of_loop(why) => true,
                Err(why) => refused && REFUSALS.iter().any(|reason| why.starts_with(reason)),
            };
            if !expected {
                self.differences
                    .push(format!("the kernel said of `{program}`: {verdict:?}"));
            }
        }
        match loaded {
            0 => Err("no program of the corpus was loaded".into()),
            _ => Ok(()),
        }
    }

    fn verdict(&self, program: &str) -> Result<(), String> {
        if self.transcript.text(program, "loaded").is_some() {
            return Ok(());
        }
        let why = self.transcript.text(program, "refused");
        Err(why.unwrap_or("the guest did not say why").to_owned())
    }

    fn is_of_loop(&self, why: &str) -> bool {
        self.kernel.refuses_loops && why.starts_with(LOOP_REFUSAL)
    }
}
