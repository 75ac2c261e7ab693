/// A message with one range of its bytes replaced, and perhaps a line end added.
///
/// This is how an id is exchanged without copying the rest: the parts are sent one behind the other.
public struct SplicedMessage: Sendable {
    /// The message as it was received.
    public let bytes: Bytes
    /// What is left out of ``bytes``, as indices into them.
    public let cut: Range<Int>
    /// What stands in place of ``cut``.
    public let insert: Bytes
    /// Whether CR LF is added, as QEMU ends each message (monitor/monitor.c, `monitor_puts`).
    public let addsLineEnd: Bool

    /// A message of which nothing is changed.
    public init(_ bytes: Bytes, addsLineEnd: Bool = false) {
        self.init(bytes, cut: bytes.startIndex..<bytes.startIndex, insert: [], addsLineEnd: addsLineEnd)
    }

    /// A message with `cut` replaced by `insert`.
    public init(_ bytes: Bytes, cut: Range<Int>, insert: Bytes, addsLineEnd: Bool = false) {
        self.bytes = bytes
        self.cut = cut
        self.insert = insert
        self.addsLineEnd = addsLineEnd
    }

    /// What is sent, part by part; some parts may be empty.
    public var parts: (Bytes, Bytes, Bytes, Bytes) {
        (
            bytes[bytes.startIndex..<cut.lowerBound], insert, bytes[cut.upperBound..<bytes.endIndex],
            addsLineEnd ? Self.lineEnd : []
        )
    }

    /// How many bytes are sent.
    public var count: Int {
        bytes.count - cut.count + insert.count + (addsLineEnd ? Self.lineEnd.count : 0)
    }

    /// What is sent, in one piece (a copy).
    public var joined: Bytes {
        var all: [UInt8] = []
        all.reserveCapacity(count)
        let (head, insert, tail, end) = parts
        for part in [head, insert, tail, end] { all += part }
        return all[...]
    }

    private static let lineEnd: Bytes = [0x0D, 0x0A]
}

extension SplicedMessage: Equatable {
    /// Equal when the same bytes would be sent, however they are cut.
    public static func == (one: SplicedMessage, other: SplicedMessage) -> Bool {
        one.count == other.count && one.joined == other.joined
    }
}
