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

mod syscalls;
mod typed;
