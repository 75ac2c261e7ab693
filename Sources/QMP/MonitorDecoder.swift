internal import CSupport

/// Cuts what a monitor sends into messages.
///
/// QEMU ends each message with CR LF and writes no raw line end inside a string, so lines are enough: a message is one
/// line, or with `pretty=on` all from a line `{` to a line `}` (monitor/monitor.c, qobject/json-writer.c). A guest
/// agent ends its lines with LF alone, which is as good.
public struct MonitorDecoder: Sendable {
    /// Why what came cannot be a monitor.
    public struct NotAMonitor: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong, with the first bytes of it.
        public let description: String
    }

    private let limits: Limits
    /// Whether messages are looked at for what ``MonitorMessage/isPlain`` says.
    private let looks: Bool
    /// From the beginning of the message under way.
    private var pending: Bytes = []
    /// Up to where no line end was found, and where the line under way begins.
    private var scanned = 0
    private var lineStart = 0
    private var isPretty = false
    /// What was found in the line under way.
    private var look: CInt = 0
    /// As long as the longest message so far, so that the next such one is not moved while it grows.
    private var longest = 0

    /// A decoder for a new connection.
    ///
    /// - Parameters:
    ///   - limits: of what is taken for a message.
    ///   - looks: whether it is to be known of messages that they are plain (``MonitorMessage/isPlain``).
    public init(limits: Limits = .qemu, looks: Bool = false) {
        self.limits = limits
        self.looks = looks
    }

    /// Takes bytes as they were read.
    public mutating func append(_ bytes: Bytes) {
        guard !pending.isEmpty else {
            pending = bytes
            scanned = bytes.startIndex
            lineStart = scanned
            return
        }
        if pending.count < longest { pending.reserveCapacity(longest) }
        pending += bytes
    }

    /// The next message, or `nil` until more bytes come.
    public mutating func next() throws(NotAMonitor) -> MonitorMessage? {
        while let end = nextLineEnd() {
            let line = pending[lineStart..<end].trimmingLineEnd
            let isPlain = looks && look == 0 && !isPretty
            lineStart = end
            look = 0
            if isPretty {
                guard line.elementsEqual("}".utf8) else { continue }
            } else if line.elementsEqual("{".utf8) {
                isPretty = true
                continue
            } else if line.isEmpty {
                pending = pending[end...]
                continue
            } else if line.first != UInt8(ascii: "{") || line.last != UInt8(ascii: "}") {
                throw notAMonitor("not a QMP message", line)
            }
            defer {
                longest = max(longest, end - pending.startIndex)
                pending = pending[end...]
                isPretty = false
            }
            return MonitorMessage(bytes: pending[..<end], isPretty: isPretty, isPlain: isPlain)
        }
        guard pending.count <= limits.monitorMessageBytesMax else {
            throw notAMonitor("a message of more than \(limits.monitorMessageBytesMax) bytes", pending)
        }
        return nil
    }

    /// What is left of an unfinished message when the monitor has gone.
    public var unfinished: Bytes { pending }

    /// The index behind the next line feed.
    private mutating func nextLineEnd() -> Int? {
        let found = pending[scanned...].withUnsafeBytes { csupport_find_byte($0.baseAddress, $0.count, 0x0A) }
        if looks { lookOn(upTo: found >= 0 ? scanned + found : pending.endIndex) }
        guard found >= 0 else {
            scanned = pending.endIndex
            return nil
        }
        scanned += found + 1
        return scanned
    }

    /// Looks at what was not looked at yet of a line, as long as it is in the processor's caches.
    private mutating func lookOn(upTo end: Int) {
        let start = max(lineStart, scanned - 1)
        let last = end > start && pending[end - 1] == 0x0D ? end - 1 : end
        guard last > start else { return }
        look |= pending[start..<last].withUnsafeBytes { csupport_look($0.baseAddress, $0.count) }
    }

    private func notAMonitor(_ what: String, _ bytes: Bytes) -> NotAMonitor {
        NotAMonitor(description: "\(what): \(String(reflecting: bytes.prefix(80).text))")
    }
}

extension Bytes {
    /// The line without LF or CR LF.
    fileprivate var trimmingLineEnd: Bytes {
        var end = endIndex
        while end > startIndex, self[end - 1] == 0x0A || self[end - 1] == 0x0D { end -= 1 }
        return self[startIndex..<end]
    }
}
