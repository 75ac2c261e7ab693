internal import Glibc

/// Whether what is written to standard output has colours, unless somebody says so.
enum TerminalColour {
    /// On a terminal, unless NO_COLOR is set (https://no-color.org).
    static var isWanted: Bool {
        let isUnwanted = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        return isatty(STDOUT_FILENO) == 1 && !isUnwanted
    }
}
