//! Programs that read by the prototype of the function that they watch.

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

// The machines that Go supports.
#[cfg(any(
    bpf_target_arch = "x86_64",
    bpf_target_arch = "x86",
    bpf_target_arch = "aarch64",
    bpf_target_arch = "arm",
    bpf_target_arch = "riscv64",
    bpf_target_arch = "s390x",
    bpf_target_arch = "powerpc64",
    bpf_target_arch = "mips",
    bpf_target_arch = "mips64",
    bpf_target_arch = "loongarch64"
))]
mod go;
mod syscalls;
mod typed;
