//! libbpf's `bpf_tracing.h`, for the machines that it knows.

use crate::{bpf::root, c::Compiler, debian::Package, facts::Facts};

/// libbpf's text for a register that a machine does not have.
pub const UNSUPPORTED: &str = "__unsupported__";

/// Debian's newest libbpf, and Linux's headers. Both packages contain headers only, the same for every architecture of
/// Debian.
#[derive(Clone)]
pub struct Headers {
    libbpf: Package,
    linux: Package,
}

impl Headers {
    pub fn newest() -> Result<Self, String> {
        Ok(Self {
            libbpf: Package::newest("forky", "amd64", "libbpf-dev")?,
            linux: Package::newest("forky", "amd64", "linux-libc-dev")?,
        })
    }

    /// A compiler that finds the headers of a machine.
    pub fn compiler(&self, clang: Compiler, facts: &Facts) -> Compiler {
        let linux = &self.linux.root;
        clang
            // `-fms-extensions` allows a struct as a nameless member.
            .args(["-nostdinc", "-fms-extensions"])
            .headers(&self.libbpf.root.join("usr/include"))
            .headers(&linux.join("usr/lib/linux/uapi").join(facts.machine.linux))
            .headers(&linux.join("usr/include"))
    }
}

/// The first lines of C that uses the macros on a machine.
pub fn prelude(facts: &Facts) -> String {
    // Linux's headers have libbpf's types and sparc's register numbers. build/headers has the struct that ctx is.
    format!(
        "#define pt_regs uapi_pt_regs\n#include <asm/ptrace.h>\n#include <linux/types.h>\n#undef pt_regs\n\
         #include \"{}/build/headers/{}.h\"\n\
         #define __TARGET_ARCH_{}\n#include <bpf/bpf_tracing.h>\n",
        root().display(),
        facts.name(),
        facts.machine.linux,
    )
}
