import Foundation

/// Tells on standard error how far it is.
struct ProgressLine {
    var total: Int

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private static let clearLine = "\r\u{1B}[K"

    init(total: Int) {
        self.total = total
    }

    func show(_ step: Plan.Step, number: Int, rounds: Int) {
        if isTerminal {
            let name = "\(step.scenario.rawValue) · \(step.contender.rawValue)"
            write("\(Self.clearLine)\(number)/\(total) · round \(step.round) of \(rounds) · \(name)")
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
