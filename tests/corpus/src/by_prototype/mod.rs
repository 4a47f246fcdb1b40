//! Programs that read what they watch by its prototype.

/// Makes a program of every function of that name.
macro_rules! probes {
    ($($name:ident)*) => {
        mod probes {
            $(
                #[unsafe(no_mangle)]
                #[unsafe(link_section = "uprobe")]
                extern "C" fn $name(ctx: *const probe_abi::c_void) -> u64 {
                    super::$name(ctx)
                }
            )*
        }
    };
}

// There is no Go for the others.
#[cfg(not(any(
    bpf_target_arch = "powerpc",
    bpf_target_arch = "riscv32",
    bpf_target_arch = "sparc64"
)))]
mod go;
mod syscalls;
mod typed;
