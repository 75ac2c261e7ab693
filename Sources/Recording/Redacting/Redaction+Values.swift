internal import QMP

/// Finding values, and putting `"[redacted]"` in their place.
extension Redaction {
    /// What is thought of a value.
    enum Judgement {
        /// It is secret as a whole.
        case secret
        /// It is not, nor is what is in it.
        case plain
        /// What is in it is to be looked at, and the string that it is for credentials.
        case mixed
    }

    /// Values beyond which whole members of the message are redacted instead, and so many of those that it is withheld.
    ///
    /// 256: each is listed in the entry by its way, which may be long.
    private static let valuesMax = 256

    /// The values that are secret: those that are judged so, and strings that hold credentials.
    ///
    /// A member's name that is none, or that holds credentials itself, takes the whole object with it.
    func values(in message: Bytes, judge: (MessageOutline, Int, Bytes?) -> Judgement) -> [Int] {
        var values: [Int] = []
        var index = 1
        while index < outline.nodes.count {
            let node = outline.nodes[index]
            var key: Bytes?
            if let characters = node.key {
                key = MessageOutline.text(characters, in: message)
                if key.map(Credentials.areIn) ?? true { values.append(node.parent) }
            }
            switch judge(outline, index, key) {
            case .secret:
                values.append(index)
                index = node.next
            case .plain:
                index = node.next
            case .mixed:
                if node.isString, holdsCredentials(node.characters, in: message) { values.append(index) }
                index += 1
            }
        }
        return values
    }

    private func holdsCredentials(_ characters: Range<Int>, in message: Bytes) -> Bool {
        guard
            message[characters].firstIndex(quickly: UInt8(ascii: ":")) != nil || message[characters].hasHiddenCharacter
        else {
            return false
        }
        return MessageOutline.text(characters, in: message).map(Credentials.areIn) ?? true
    }

    /// Whether a node is the member of that name.
    func isNamed(_ node: Int, _ name: StaticString, in message: Bytes) -> Bool {
        let length = name.utf8CodeUnitCount
        guard let characters = outline.nodes[node].key,
            characters.count == length || (outline.hasEscapes && characters.count > length)
        else { return false }
        let expected = UnsafeBufferPointer(start: name.utf8Start, count: length)
        return MessageOutline.text(characters, in: message)?.elementsEqual(expected) == true
    }

    /// Whether a node is the message's id, or in it.
    func isOfID(_ node: Int, in message: Bytes) -> Bool {
        var top = node
        while top > 0, outline.nodes[top].parent > 0 { top = outline.nodes[top].parent }
        return isNamed(top, "id", in: message)
    }

    /// The message with those values redacted, all other bytes as they are; `nil` if that changes nothing.
    func redacted(_ values: [Int], in message: Bytes, _ form: Entry.Form, _ entry: Entry) -> Change? {
        let values = outermost(values)
        guard values.first != 0 else { return .content(.withheld(bytes: message.count, error: nil), []) }
        var result: [UInt8] = []
        result.reserveCapacity(message.count)
        var end = message.startIndex
        var pointers: [String] = []
        var isChanged = false
        for index in values {
            let value = outline.nodes[index].value
            result += message[end..<value.lowerBound]
            result += Self.value
            end = value.upperBound
            isChanged = isChanged || !message[value].elementsEqual(Self.value)
            let pointer = outline.pointer(to: index, in: message)
            if !pointers.contains(pointer) { pointers.append(pointer) }
        }
        guard isChanged || !pointers.allSatisfy(entry.redacted.contains) else { return nil }
        result += message[end...]
        return .content(.message(SplicedMessage(result[...]), form), pointers)
    }

    private static let value = Array("\"\(placeholder)\"".utf8)

    /// Each once, in their order, and none within another.
    private func outermost(_ values: [Int]) -> [Int] {
        var outermost: [Int] = []
        for index in values.sorted() where outermost.last.map({ index >= outline.nodes[$0].next }) ?? true {
            outermost.append(index)
        }
        guard outermost.count > Self.valuesMax else { return outermost }
        var tops: [Int] = []
        var top = 1
        for index in outermost {
            while outline.nodes[top].next <= index { top = outline.nodes[top].next }
            if tops.last != top { tops.append(top) }
        }
        return tops.count > Self.valuesMax ? [0] : tops
    }

    /// Whether what is not known at all, an object, holds credentials or a password.
    mutating func mayHoldSecret(_ object: Bytes) -> Bool {
        guard outline.read(object) else { return true }
        return !values(in: object) { _, _, key in key?.isNearly(Secrecy.password) == true ? .secret : .mixed }.isEmpty
    }
}

extension SplicedMessage {
    /// Whether anything stands in place of anything else.
    var isSpliced: Bool { !cut.isEmpty || !insert.isEmpty }
}
