internal import Glibc
internal import ProxyIO
internal import Recording

/// What a replay comes to, told as it goes: differences on standard output, how far it is on a terminal.
struct ReplayTally: ReplayReport {
    /// Characters of the line that shows how far it is.
    ///
    /// 79: on a terminal of 80 columns, the least there are, it can be erased again.
    private static let columns = 79

    /// Commands that are said; those without a recorded reply are not compared.
    private let total: Int
    private let isColoured: Bool
    private var progress: ProgressLine?
    private let start: Instant
    private(set) var equal = 0
    private(set) var different = 0
    /// Replies that could not be compared.
    private(set) var notCompared = 0
    /// Why it could not go on.
    private(set) var failure: String?

    /// A replay of so many commands that begins now.
    init(total: Int, isColoured: Bool, showsProgress: Bool, at start: Instant) {
        self.total = total
        self.isColoured = isColoured
        self.start = start
        progress = showsProgress ? ProgressLine(total: nil, at: start) : nil
    }

    /// Whether all was played, and all replies that are recorded were the same.
    var isEqual: Bool { failure == nil && different == 0 && notCompared == 0 }

    mutating func take(_ output: ClientPlayback.Output) {
        switch output {
        case .open, .say, .close: break
        case .equal: equal += 1
        case .different(let difference):
            different += 1
            erase()
            _ = try? write(Array(difference.text(isColoured: isColoured).utf8), to: STDOUT_FILENO)
        case .notCompared(let why):
            notCompared += 1
            erase()
            _ = try? write(Array("qmp-proxy: \(Readable.text(why))\n".utf8), to: STDERR_FILENO)
        case .failed(let reason): failure = reason
        case .done: break
        }
    }

    mutating func waits(for awaited: String?) {
        guard failure == nil else { return }
        let count = "\((equal + different).grouped) of \(total.grouped) commands, \(different.grouped) different"
        let text = awaited.map { "\(count), waiting for \($0)" } ?? count
        guard let line = progress?.line(at: ProgressLine.now, { String(Readable.text(text).prefix(Self.columns)) })
        else { return }
        _ = try? write(Array(line.utf8), to: STDERR_FILENO)
    }

    private mutating func erase() {
        guard let erasure = progress?.erasure() else { return }
        _ = try? write(Array(erasure.utf8), to: STDERR_FILENO)
    }

    /// Such as `12 commands: 11 equal, 1 different, in 0.4 s`; what showed the progress is gone from then on.
    mutating func summary(at now: Instant) -> String {
        erase()
        let tenths = (now.microseconds - start.microseconds) / 100_000
        let time = "in \(tenths / 10).\(tenths % 10) s"
        let count = equal + different
        let commands = count == 1 ? "1 command" : "\(count.grouped) commands"
        let left = total > count ? ", \((total - count).grouped) not compared" : ""
        return "\(commands): \(equal.grouped) equal, \(different.grouped) different\(left), \(time)"
    }
}
