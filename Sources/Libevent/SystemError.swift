internal import Glibc

/// A system call that failed, and what it was about.
///
/// Reads as `bind unix:/run/x.sock: No such file or directory`.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call's name, `bind`.
    public let call: String
    /// The call's `errno`; 0 where the call has errors of its own (`getaddrinfo`).
    public let code: CInt
    /// What the call was about, `unix:/run/x.sock`; may be empty.
    public let subject: String
    /// The reason in the C library's words.
    public let reason: String

    /// The failure of a call with that `errno`, in `strerror`'s words.
    public init(call: String, code: CInt, subject: String) {
        self.init(call: call, code: code, subject: subject, reason: Self.text(of: code))
    }

    init(call: String, code: CInt, subject: String, reason: String) {
        self.call = call
        self.code = code
        self.subject = subject
        self.reason = reason
    }

    /// The call, its subject and the reason on one line.
    public var description: String {
        subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
    }

    /// The failure that a call has just left in `errno`.
    static func last(_ call: String, _ subject: String) -> SystemError {
        SystemError(call: call, code: errno, subject: subject)
    }

    /// What an `errno` means; glibc's `strerror` may be called on any thread since 2.32.
    static func text(of code: CInt) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
