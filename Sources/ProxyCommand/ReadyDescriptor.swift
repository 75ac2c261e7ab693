internal import Glibc
internal import Libevent

/// The descriptor on which a parent waits until clients may connect (`--ready-fd`).
struct ReadyDescriptor {
    private let number: CInt

    /// A descriptor that the parent has opened.
    ///
    /// To be looked at before any other is opened, which might get its number.
    ///
    /// - Throws: `CallFailure` if there is none.
    init(_ number: Int) throws(CallFailure) {
        let descriptor = CInt(clamping: number)
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, flags & O_ACCMODE != O_RDONLY else {
            errno = EBADF
            throw CallFailure("--ready-fd \(number) cannot be written to")
        }
        self.number = descriptor
    }

    /// Writes `READY` and the addresses, and closes it unless it is standard output or error.
    ///
    /// - Throws: `CallFailure` if it cannot be written to. That nobody reads it is no failure.
    func tell(addresses: [Address]) throws(CallFailure) {
        let words = ["READY"] + addresses.map { "\($0)" }
        do {
            _ = try write(Array((words.joined(separator: " ") + "\n").utf8), to: number)
        } catch {
            throw CallFailure("--ready-fd \(number): cannot write")
        }
        if number > STDERR_FILENO { close(number) }
    }
}
