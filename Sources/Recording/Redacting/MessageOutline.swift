internal import CSupport
internal import QMP

/// Where the values of a message lie, whatever spelling of QEMU's dialect it is in; depth costs no recursion.
///
/// Its storage is used again, so that a short message costs no allocation.
struct MessageOutline {
    /// A value, the whole message first, each before what is in it.
    struct Node {
        /// The name of a member, without its quotes; `nil` for an element.
        let key: Range<Int>?
        /// The value; indices into the message's bytes.
        var value: Range<Int>
        /// The node of the object or array that it is in; of the whole message, -1.
        let parent: Int
        /// Which of the values in there, counted from 0.
        let place: Int
        /// What the value begins with.
        let first: UInt8
        /// How many values are right in it.
        var count = 0
        /// The node behind all that is in it.
        var next = 0

        var isObject: Bool { first == UInt8(ascii: "{") }
        var isContainer: Bool { isObject || first == UInt8(ascii: "[") }
        var isString: Bool { first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") }
        /// Between its quotes, if it is a string.
        var characters: Range<Int> { value.lowerBound + 1..<value.upperBound - 1 }
    }

    /// More are given back: so many nodes are 96 KiB.
    private static let nodesKeptMax = 1024

    private(set) var nodes: [Node] = []
    /// Whether there is an escape in any string.
    private(set) var hasEscapes = false
    /// Whether there is a colon in any string that is a value: no credentials are without.
    private(set) var hasColons = false

    /// Takes a message.
    ///
    /// - Returns: `false` if it is no object, or not put together as one should be.
    mutating func read(_ message: Bytes) -> Bool {
        if nodes.capacity > Self.nodesKeptMax { nodes = [] } else { nodes.removeAll(keepingCapacity: true) }
        return message.withUnsafeBufferPointer { bytes in
            var reader = OutlineReader(bytes: bytes, offset: message.startIndex)
            defer { (hasEscapes, hasColons) = (reader.hasEscapes, reader.hasColons) }
            return reader.read(into: &nodes)
        }
    }

    /// The nodes right in one.
    func children(of parent: Int) -> [Int] {
        var children: [Int] = []
        var index = parent + 1
        while index < nodes[parent].next {
            children.append(index)
            index = nodes[index].next
        }
        return children
    }

    /// The pointer to a value; what is no UTF-8 in a name becomes U+FFFD.
    func pointer(to node: Int, in message: Bytes) -> String {
        var steps: [String] = []
        var index = node
        while index > 0 {
            steps.append(name(of: index, in: message))
            index = nodes[index].parent
        }
        return steps.reversed().map { "/" + JSONPointer.escaped($0) }.joined()
    }

    /// The nodes that a pointer names.
    func nodes(at pointer: JSONPointer, in message: Bytes) -> [Int] {
        pointer.steps.reduce([0]) { found, step in
            found.flatMap { children(of: $0).filter { step == .any || step.matches(name(of: $0, in: message)) } }
        }
    }

    private func name(of node: Int, in message: Bytes) -> String {
        guard let key = nodes[node].key else { return String(nodes[node].place) }
        return (Self.text(key, in: message) ?? message[key]).text
    }

    /// What a string says that stands between these quotes; `nil` if an escape in it is none.
    static func text(_ characters: Range<Int>, in message: Bytes) -> Bytes? {
        let raw = message[characters]
        guard raw.firstIndex(quickly: UInt8(ascii: "\\")) != nil else { return raw }
        let literal = message[characters.lowerBound - 1..<characters.upperBound + 1]
        return (try? JSONValue(parsing: literal))?.string.map { Bytes(text: $0) }
    }
}

/// Walks over the bytes of a message.
private struct OutlineReader {
    /// What may come next in the object or array under way.
    private enum Expected { case firstOrEnd, commaOrEnd, value }

    let bytes: UnsafeBufferPointer<UInt8>
    let offset: Int
    private(set) var hasEscapes = false
    private(set) var hasColons = false
    private var index = 0
    private var container = -1
    private var expected = Expected.value

    init(bytes: UnsafeBufferPointer<UInt8>, offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    mutating func read(into nodes: inout [MessageOutline.Node]) -> Bool {
        guard next() == UInt8(ascii: "{"), takeValue(nil, into: &nodes) else { return false }
        while container >= 0 {
            guard let byte = next() else { return false }
            let isEnd = byte == (nodes[container].isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
            switch expected {
            case .firstOrEnd where isEnd, .commaOrEnd where isEnd: close(&nodes)
            case .commaOrEnd:
                guard byte == UInt8(ascii: ",") else { return false }
                index += 1
                expected = .value
            case .firstOrEnd, .value:
                var key: Range<Int>?
                if nodes[container].isObject {
                    guard let name = takeString(), next() == UInt8(ascii: ":") else { return false }
                    key = offset + name.lowerBound + 1..<offset + name.upperBound - 1
                    index += 1
                }
                guard takeValue(key, into: &nodes) else { return false }
            }
        }
        return next() == nil
    }

    private mutating func takeValue(_ key: Range<Int>?, into nodes: inout [MessageOutline.Node]) -> Bool {
        guard let first = next() else { return false }
        let start = index
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["): index += 1
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            guard let string = takeString() else { return false }
            hasColons = hasColons || find(UInt8(ascii: ":"), in: string) != nil
        default: guard takeScalar() else { return false }
        }
        var place = 0
        if container >= 0 {
            place = nodes[container].count
            nodes[container].count += 1
        }
        let value = offset + start..<offset + index
        var node = MessageOutline.Node(key: key, value: value, parent: container, place: place, first: first)
        node.next = nodes.count + 1
        if node.isContainer { container = nodes.count }
        expected = node.isContainer ? .firstOrEnd : .commaOrEnd
        nodes.append(node)
        return true
    }

    private mutating func close(_ nodes: inout [MessageOutline.Node]) {
        index += 1
        nodes[container].value = nodes[container].value.lowerBound..<offset + index
        nodes[container].next = nodes.count
        container = nodes[container].parent
        expected = .commaOrEnd
    }

    /// The next byte that is no white space; not taken.
    private mutating func next() -> UInt8? {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D: index += 1
            default: return bytes[index]
            }
        }
        return nil
    }

    /// A string with its quotes.
    private mutating func takeString() -> Range<Int>? {
        let start = index
        let quote = bytes[start]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
        index += 1
        guard let end = find(quote, in: index..<bytes.count) else { return nil }
        guard find(UInt8(ascii: "\\"), in: index..<end) != nil else {
            index = end + 1
            return start..<index
        }
        hasEscapes = true
        while index < bytes.count, bytes[index] != quote {
            index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard index < bytes.count else { return nil }
        index += 1
        return start..<index
    }

    private func find(_ byte: UInt8, in range: Range<Int>) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let found = csupport_find_byte(base + range.lowerBound, range.count, byte)
        return found < 0 ? nil : range.lowerBound + found
    }

    /// A number or a word.
    private mutating func takeScalar() -> Bool {
        let start = index
        while index < bytes.count, bytes[index].isOfScalar { index += 1 }
        return index > start
    }
}

extension UInt8 {
    fileprivate var isOfScalar: Bool {
        isOfWord || self == UInt8(ascii: ".") || self == UInt8(ascii: "+")
    }
}
