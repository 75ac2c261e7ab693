import Foundation

/// Tells on standard error how far it is.
struct ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private static let clearLine = "\r\u{1B}[K"

    func show(_ text: String) {
        if isTerminal {
            write(Self.clearLine + text)
        }
    }

    func tell(_ message: String) {
        clear()
        write(message + "\n")
    }

    func clear() {
        if isTerminal {
            write(Self.clearLine)
        }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
