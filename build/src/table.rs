// The machines: the only list of them. A file that includes this one passes its own macro to `machines!`: here that is
// select.rs, and in probe-abi it is the library.
//
// A row is the module, the value of `bpf_target_arch` (Rust's `target_arch`), Linux's name for the machine (its folder
// under arch/), and for each byte order that the machine has: clang's triple and other names of the machine.

macro_rules! machines {
    ($callback:ident) => {
        $callback! {
            x86_64      = "x86_64",      "x86",       [Little "x86_64-linux-gnu" ["amd64" "x86-64" "x64"]];
            x86         = "x86",         "x86",       [Little "i686-linux-gnu" ["i386" "i486" "i586" "i686" "386" "ia32"]];
            aarch64     = "aarch64",     "arm64",     [Little "aarch64-linux-gnu" ["arm64" "armv8"], Big "aarch64_be-linux-gnu" ["aarch64_be" "arm64_be"]];
            arm         = "arm",         "arm",       [Little "arm-linux-gnueabihf" ["armv7" "armv7l" "armv7a" "armv6" "armv6l" "armv5te" "thumbv7neon" "arm32" "armhf" "armel"], Big "armeb-linux-gnueabi" ["armeb" "armebv7r"]];
            riscv64     = "riscv64",     "riscv",     [Little "riscv64-linux-gnu" ["riscv" "riscv64gc" "riscv64a23"]];
            riscv32     = "riscv32",     "riscv",     [Little "riscv32-linux-gnu" ["riscv32gc"]];
            s390x       = "s390x",       "s390",      [Big "s390x-linux-gnu" ["s390"]];
            powerpc64   = "powerpc64",   "powerpc",   [Little "powerpc64le-linux-gnu" ["powerpc64le" "ppc64le" "ppc64el"], Big "powerpc64-linux-gnu" ["ppc64"]];
            powerpc     = "powerpc",     "powerpc",   [Big "powerpc-linux-gnu" ["ppc" "ppc32" "powerpc32"]];
            mips        = "mips",        "mips",      [Little "mipsel-linux-gnu" ["mipsel" "mipsle" "mipsisa32r6el"], Big "mips-linux-gnu" ["mips32" "mipseb" "mips32r6" "mipsisa32r6"]];
            mips64      = "mips64",      "mips",      [Little "mips64el-linux-gnuabi64" ["mips64el" "mips64le" "mipsisa64r6el"], Big "mips64-linux-gnuabi64" ["mips64eb" "mips64r6" "mipsisa64r6"]];
            loongarch64 = "loongarch64", "loongarch", [Little "loongarch64-linux-gnu" ["loong64" "loongarch"]];
            sparc64     = "sparc64",     "sparc",     [Big "sparc64-linux-gnu" ["sparcv9"]];
        }
    };
}
