internal import Glibc
internal import Recording

/// What is shown while a pair changes: a line for each change, and on a terminal how far it is.
struct COLOProgress {
    /// Characters of the line that is drawn again and again.
    ///
    /// 79: on a terminal of 80 columns, the least there are, it can be erased again.
    private static let columns = 79

    /// What is to be written where.
    struct Output: Equatable {
        var errors = ""
        var output = ""

        /// Writes it.
        func write() {
            _ = try? ProxyCommand.write(Array(errors.utf8), to: STDERR_FILENO)
            _ = try? ProxyCommand.write(Array(output.utf8), to: STDOUT_FILENO)
        }
    }

    private let start: Instant
    private let isColoured: Bool
    private var line: ProgressLine?
    private var shown: COLOStatus?

    /// Something that begins now, on the terminal that there is.
    init() {
        let isTerminal = isatty(STDERR_FILENO) == 1
        self.init(isColoured: TerminalColour.isWanted, showsProgress: isTerminal, at: ProgressLine.now)
    }

    /// Something that begins at that time.
    init(isColoured: Bool, showsProgress: Bool, at start: Instant) {
        self.start = start
        self.isColoured = isColoured
        line = showsProgress ? ProgressLine(total: nil, at: start) : nil
    }

    /// What is to be written now that things stand so.
    mutating func show(_ status: COLOStatus, at now: Instant) -> Output {
        var headline = status.headline
        // A terminal has the bar.
        if line != nil { headline.progress = nil }
        guard headline != shown else {
            let text = line?.line(at: now) { String(status.progressLine.prefix(Self.columns)) }
            return Output(errors: text ?? "")
        }
        shown = headline
        // The bar is drawn again with the next look, below this line.
        var output = end()
        let tenths = (now.microseconds - start.microseconds) / 100_000
        output.output = "\(tenths / 10).\(tenths % 10) s  \(status.line(isColoured: isColoured))\n"
        return output
    }

    /// What erases what shows how far it is.
    mutating func end() -> Output {
        Output(errors: line?.erasure() ?? "")
    }
}
