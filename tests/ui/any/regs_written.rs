use probe_abi::{c_void, pt_regs};

fn probe(ctx: *mut c_void) {
    let regs = unsafe { pt_regs::from_ctx(ctx) };
    *regs = pt_regs::default();
}

fn main() {}
