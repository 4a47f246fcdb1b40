//! A program that qemu runs and stops, as a uprobe would. Its registers and memory at the stop are read in gdb's
//! protocol (GDB manual, "Remote Protocol").

use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{host::cannot, select::Endian};

/// The order of a machine's registers in qemu's answer: qemu's gdbstub.c files and gdb's features have it.
struct Packet {
    machine: &'static str,
    /// The first registers of the packet, a word each. `-` is a register that ctx does not have.
    registers: &'static str,
    /// The number of words before the program counter.
    counter: usize,
}

const fn packet(machine: &'static str, registers: &'static str, counter: usize) -> Packet {
    Packet {
        machine,
        registers,
        counter,
    }
}

const RISCV: &str = "- ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6";
const MIPS: &str =
    "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31";

const PACKETS: &[Packet] = &[
    packet(
        "x86_64",
        "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15",
        16,
    ),
    packet("x86", "eax ecx edx ebx esp ebp esi edi", 8),
    packet(
        "aarch64",
        "x0 x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11 x12 x13 x14 x15 x16 x17 x18 x19 x20 x21 x22 x23 x24 x25 x26 x27 x28 x29 x30 sp",
        32,
    ),
    packet("arm", "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 sp lr", 15),
    packet("riscv64", RISCV, 32),
    packet("riscv32", RISCV, 32),
    packet(
        "s390x",
        "- - r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15",
        1,
    ),
    packet("powerpc64", MIPS, 32),
    packet("powerpc", MIPS, 32),
    packet("mips", MIPS, 37),
    packet("mips64", MIPS, 37),
    packet(
        "loongarch64",
        "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 r11 r12 r13 r14 r15 r16 r17 r18 r19 r20 r21 r22 r23 r24 r25 r26 r27 r28 r29 r30 r31",
        33,
    ),
    packet(
        "sparc64",
        "g0 g1 g2 g3 g4 g5 g6 g7 o0 o1 o2 o3 o4 o5 o6 o7",
        // After 32 integers, 32 floats and 16 doubles.
        64,
    ),
];

/// The time that qemu may take for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program, stopped.
pub struct Stopped {
    packet: &'static Packet,
    word: usize,
    endian: Endian,
    qemu: Child,
    gdb: UnixStream,
}

impl Stopped {
    /// Starts a program and stops it before its first instruction.
    pub fn start(
        emulator: &Path,
        program: &Path,
        machine: &probe_abi::machine::Machine,
        endian: Endian,
    ) -> Result<Self, String> {
        Self::start_in(emulator, program, [], machine, endian)
    }

    /// The same, with variables in its environment.
    pub fn start_in<'a>(
        emulator: &Path,
        program: &Path,
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
        machine: &probe_abi::machine::Machine,
        endian: Endian,
    ) -> Result<Self, String> {
        let packet = PACKETS.iter().find(|packet| packet.machine == machine.name);
        let packet =
            packet.ok_or_else(|| format!("what qemu says of {} is not known", machine.name))?;
        let socket = program.with_file_name("gdb");
        let _ = fs::remove_file(&socket);
        let qemu = Command::new(emulator)
            .arg("-g")
            .arg(&socket)
            .arg(program)
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(cannot("run", emulator))?;
        let begun = Instant::now();
        let gdb = loop {
            match UnixStream::connect(&socket) {
                Ok(gdb) => break gdb,
                Err(_) if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(2)),
                Err(error) => return Err(cannot("connect to", &socket)(error)),
            }
        };
        // A program may never end.
        gdb.set_read_timeout(Some(PATIENCE))
            .map_err(cannot("wait for", &socket))?;
        let mut stopped = Self {
            packet,
            word: machine.word.into(),
            endian,
            qemu,
            gdb,
        };
        // After a client has read the description of the registers, qemu sends the registers as they are described
        // there.
        stopped.asked("qXfer:features:read:target.xml:0,400")?;
        Ok(stopped)
    }

    /// Makes it stop at that address once.
    pub fn stop_at(&mut self, address: u64) -> Result<(), String> {
        self.granted(&format!("Z0,{address:x},1"))
    }

    /// Lets it continue to its next stop, and returns that address; `None` if it has ended.
    pub fn go(&mut self) -> Result<Option<u64>, String> {
        let said = self.asked("c")?;
        match said.get(..1) {
            Some("W") if &said[1..3] == "00" => return Ok(None),
            Some("T" | "S") if &said[1..3] == "05" => {}
            _ => return Err(format!("the program did not stop: `{said}`")),
        }
        let held = bytes(&self.asked("g")?)?;
        let counter = held.chunks_exact(self.word).nth(self.packet.counter);
        let counter = counter.ok_or("qemu says nothing of the program counter")?;
        let counter = self.number(counter);
        self.granted(&format!("z0,{counter:x},1"))?;
        Ok(Some(counter))
    }

    /// The name and the value of each register.
    pub fn registers(&mut self) -> Result<Vec<(&'static str, u64)>, String> {
        let held = bytes(&self.asked("g")?)?;
        let names = self.packet.registers.split(' ');
        let values = held.chunks_exact(self.word);
        let all: Vec<_> = names
            .zip(values)
            .map(|(name, value)| (name, self.number(value)))
            .filter(|(name, _)| *name != "-")
            .collect();
        match all.len() >= 8 {
            true => Ok(all),
            false => Err(format!("there are only {} registers", all.len())),
        }
    }

    /// The bytes in its memory, up to the end of that memory.
    pub fn memory(&mut self, address: u64, size: u64) -> Result<Vec<u8>, String> {
        const AT_ONCE: u64 = 1024;
        let mut all = Vec::new();
        while (all.len() as u64) < size {
            let at = address + all.len() as u64;
            let wanted = AT_ONCE.min(size - all.len() as u64);
            let said = self.asked(&format!("m{at:x},{wanted:x}"))?;
            if said.starts_with('E') {
                break;
            }
            all.extend(bytes(&said)?);
        }
        Ok(all)
    }

    /// Its output, after it has ended.
    pub fn said(mut self) -> Result<Vec<u8>, String> {
        let mut said = Vec::new();
        if let Some(mut stdout) = self.qemu.stdout.take() {
            stdout
                .read_to_end(&mut said)
                .map_err(|error| error.to_string())?;
        }
        Ok(said)
    }

    fn number(&self, bytes: &[u8]) -> u64 {
        let shifted = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self.endian {
            Endian::Little => bytes.iter().rev().fold(0, shifted),
            Endian::Big => bytes.iter().fold(0, shifted),
        }
    }

    fn granted(&mut self, request: &str) -> Result<(), String> {
        match self.asked(request)?.as_str() {
            "OK" => Ok(()),
            other => Err(format!("qemu answers `{request}` with `{other}`")),
        }
    }

    fn asked(&mut self, request: &str) -> Result<String, String> {
        let sum = request.bytes().fold(0u8, u8::wrapping_add);
        self.send(&format!("${request}#{sum:02x}"))?;
        let mut answer = Vec::new();
        let mut byte = [0];
        loop {
            self.gdb
                .read_exact(&mut byte)
                .map_err(|error| format!("qemu does not answer `{request}`: {error}"))?;
            match byte[0] {
                b'$' => answer.clear(),
                b'#' => break,
                byte => answer.push(byte),
            }
        }
        let mut sum = [0; 2];
        self.gdb
            .read_exact(&mut sum)
            .map_err(|error| error.to_string())?;
        self.send("+")?;
        String::from_utf8(answer).map_err(|error| error.to_string())
    }

    fn send(&mut self, text: &str) -> Result<(), String> {
        let sent = self.gdb.write_all(text.as_bytes());
        sent.map_err(|error| format!("cannot ask qemu: {error}"))
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

fn bytes(hexadecimal: &str) -> Result<Vec<u8>, String> {
    let digits = hexadecimal.as_bytes().chunks_exact(2);
    let bytes = digits.map(|digits| {
        let digits = str::from_utf8(digits).ok()?;
        // `x` is a digit that is not known.
        u8::from_str_radix(&digits.replace('x', "0"), 16).ok()
    });
    let bytes: Option<_> = bytes.collect();
    bytes.ok_or_else(|| format!("`{hexadecimal}` are no bytes"))
}
