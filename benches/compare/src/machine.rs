//! What everything ran on.

use std::fmt;
use std::fs;
use std::num::NonZeroUsize;
use std::process::Command;

use serde::Serialize;

/// What everything ran on.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) simd: &'static str,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    pub(crate) version: String,
}

impl Machine {
    /// This machine, and what is at hand of the revision.
    pub(crate) fn this() -> Self {
        Self {
            cpu: cpu_model().unwrap_or_else(|| format!("unknown, {}", std::env::consts::ARCH)),
            cores: std::thread::available_parallelism().map_or(0, NonZeroUsize::get),
            simd: best_simd_level(),
            kernel: first_line_of("uname", &["-sr"]),
            rustc: first_line_of("rustc", &["--version"]),
            version: first_line_of("git", &["describe", "--always", "--dirty"]),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "- CPU: {}, {} cores, best SIMD level {}", self.cpu, self.cores, self.simd)?;
        writeln!(f, "- kernel: {}; {}; revision {}", self.kernel, self.rustc, self.version)
    }
}

fn cpu_model() -> Option<String> {
    let information = fs::read_to_string("/proc/cpuinfo").ok()?;
    let value = |name: &str| {
        let line = information.lines().find(|line| line.split(':').next().map(str::trim) == Some(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    // A virtual machine may hide the name, but not which generation it is.
    Some(format!("{} (family {}, model {})", value("model name")?, value("cpu family")?, value("model")?))
}

fn best_simd_level() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512bw") && std::is_x86_feature_detected!("avx512vbmi2") {
            "AVX-512 (BW, VBMI2)"
        } else if std::is_x86_feature_detected!("avx2") {
            "AVX2"
        } else if std::is_x86_feature_detected!("sse4.2") {
            "SSE4.2"
        } else {
            "SSE2"
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        "NEON"
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        "unknown"
    }
}

fn first_line_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
    text.lines().next().map_or_else(|| format!("{program} unknown"), str::to_owned)
}
