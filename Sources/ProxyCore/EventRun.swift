internal import QMP

/// Events that came one right behind the other, so that they can be passed on in one piece: a burst costs each client
/// one send instead of one an event.
struct EventRun {
    /// What the decoder holds; its messages are parts of it.
    private let held: Bytes
    private var range: Range<Int>?

    init(of held: Bytes) {
        self.held = held
    }

    /// Whether a message does not belong behind what is there.
    func isEnded(by message: MonitorMessage) -> Bool {
        guard let range else { return false }
        guard case .event = message.kind else { return true }
        return message.bytes.startIndex != range.upperBound
    }

    /// Adds an event that does not end the run.
    mutating func append(_ event: MonitorMessage) {
        range = (range?.lowerBound ?? event.bytes.startIndex)..<event.bytes.endIndex
    }

    /// The bytes of all of them, if there are any; the run is empty then.
    mutating func take() -> Bytes? {
        defer { range = nil }
        return range.map { held[$0] }
    }
}
