internal import ProxyCore
internal import QMP
internal import Recording

/// One answer that a client expects, and how far the document that asks for it has come.
struct SimulatorExpectation {
    enum Answer {
        /// These bytes.
        case exactly(Bytes)
        /// The status of the proxy, which is looked into.
        case status(id: JSONValue?)
    }

    enum State: Equatable {
        /// Not sent to the monitor, and perhaps never to be.
        case waiting
        /// At the monitor under that number.
        case sent(number: Int)
        /// Answered by the monitor.
        case replied
    }

    let serial: Int
    /// The document.
    let bytes: Bytes
    /// Where the id's value lies in it.
    let id: Range<Int>?
    private(set) var answer: Answer
    /// Whether it goes to the monitor, be it later.
    var isForwarded = false
    var isOutOfBand = false
    /// Whether the client has negotiated when it is answered so.
    var negotiates = false
    /// Whether it is so near the limit of size that the proxy may refuse it.
    var mayBeTooLarge = false
    /// Whether it may have been refused in its place, since the monitor was away when it came to that.
    var mayBeRefused = false
    /// How a plugin holds it, or will when it comes to that.
    private(set) var held: SimulatedChain.Held?
    /// What goes to the monitor in its place.
    private var replacement: SimulatedChain.Asked?
    /// The descriptors that must go with it.
    var descriptors: [DescriptorToken] = []
    /// Up to where the client's bytes must be read for it, counted from its first byte.
    var end = 0
    var writtenAt = Instant.zero
    var state = State.waiting

    init(serial: Int, bytes: Bytes = [], id: Range<Int>? = nil, answer: Answer) {
        self.serial = serial
        self.bytes = bytes
        self.id = id
        self.answer = answer
    }

    /// An answer to what is no valid document.
    init(error: String, isPretty: Bool) {
        let reply = Reply.failure(ProtocolError(.generic, error), id: nil, isPretty: isPretty)
        self.init(serial: 0, answer: .exactly(reply))
    }

    /// How long a status is at most.
    static let statusBytesMax = 1 << 14

    /// How long the answer is; a status grows with the number of clients.
    var answerBytesMax: Int {
        switch answer {
        case .exactly(let bytes): bytes.count
        case .status: Self.statusBytesMax
        }
    }

    var idValue: JSONValue? {
        id.flatMap { try? JSONValue(parsing: bytes[$0]) }
    }

    /// Whether it is a command, which plugins get to see.
    var isCommand: Bool {
        if case .status = answer { true } else { isForwarded }
    }

    /// What plugins decide becomes of it.
    mutating func meet(_ fate: SimulatedChain.Fate, _ surroundings: FakeClient.Surroundings) {
        held = nil
        switch fate {
        case .held(let held):
            self.held = held
            isForwarded = true
        case .status:
            answer = .status(id: idValue)
            isForwarded = false
        case .answered(let reply):
            answer = .exactly(surroundings.reply(reply, id: idValue))
            isForwarded = false
        case .forwarded(let asked): forward(asked, surroundings)
        }
        mayBeTooLarge = mayBeTooLarge && isForwarded && replacement == nil
    }

    private mutating func forward(_ asked: SimulatedChain.Asked, _ surroundings: FakeClient.Surroundings) {
        isForwarded = true
        if asked.isReplaced {
            replacement = asked
            let value = (try? JSONValue(parsing: asked.bytes)) ?? .null
            // Who takes none must not leave them to the next one.
            if asked.hasLostDescriptors { descriptors = [] }
            answer = .exactly(
                FakeMonitor.answer(
                    to: value,
                    id: idValue,
                    descriptor: descriptors.first?.number,
                    hasOutOfBand: surroundings.offersOutOfBand,
                    isPretty: surroundings.isPretty
                )
            )
        }
        if let reply = surroundings.world.chain?.replacement(ofReplyTo: asked.bytes) {
            answer = .exactly(surroundings.reply(reply, id: idValue))
        }
    }

    /// The number under which a message upstream is this document, if it is.
    ///
    /// The id is wrapped, or replaced where wrapping it would cross a limit; everything else is as it was.
    func number(in message: Bytes) -> Int? {
        let (bytes, id) = replacement.map { ($0.bytes, $0.id) } ?? (bytes, id)
        let lead = bytes[..<(id?.lowerBound ?? bytes.startIndex + 1)]
        guard message.starts(with: lead) else { return nil }
        let text = message.dropFirst(lead.count)
        let digits = Bytes(text.drop { !(0x30...0x39).contains($0) }.prefix { (0x30...0x39).contains($0) })
        guard let number = Int(digits.text) else { return nil }
        let candidates: [String]
        if let id {
            let tail = bytes[id.upperBound...].text
            candidates = ["[\(number), \(bytes[id].text)]\(tail)", "\(number)\(tail)"]
        } else {
            let tail = bytes.dropFirst().text
            candidates = ["\"id\": [\(number)], \(tail)", "\"id\": [\(number)]\(tail)"]
        }
        return candidates.contains { text.elementsEqual(($0 + "\r\n").utf8) } ? number : nil
    }
}

/// Marks a command, somewhere in its text, with its client and its number.
struct SimulatorTag: Hashable {
    let client: Int
    let serial: Int

    var text: String { "~\(client)-\(serial)~" }

    init(client: Int, serial: Int) {
        self.client = client
        self.serial = serial
    }

    /// The first tag in some bytes.
    init?(in bytes: Bytes) {
        guard let start = bytes.firstIndex(of: UInt8(ascii: "~")) else { return nil }
        let text = bytes[(start + 1)...].prefix { $0 != UInt8(ascii: "~") }.text
        let numbers = text.split(separator: "-").compactMap { Int($0) }
        guard numbers.count == 2 else { return nil }
        client = numbers[0]
        serial = numbers[1]
    }
}
