internal import QMP

extension MonitorMessage {
    /// A message of a monitor's as a recording has it, the line end added that is left out there; `nil` if QEMU does
    /// not write so.
    init?(recorded bytes: Bytes) {
        var decoder = MonitorDecoder()
        decoder.append(bytes.endedAsQEMUDoes)
        guard let message = try? decoder.next(), decoder.unfinished.isEmpty else { return nil }
        self = message
    }

    /// The reply with the asker's id in place of its own.
    ///
    /// One that was recorded without an id gets it where QEMU writes it: behind `return`, before `error`.
    func reply(withID id: JSONValue?) -> Bytes {
        guard case .reply(let own, let isError) = kind else { return bytes }
        guard let id else { return own.map { SplicedMessage(bytes, cut: $0.member, insert: []).joined } ?? bytes }
        let echo = id.written(isPretty: isPretty, level: 1)
        if let own { return SplicedMessage(bytes, cut: own.value, insert: echo).joined }
        let (space, lineBreak) = isPretty ? ("", "\r\n    ") : (" ", "")
        let member = Bytes(text: "\"id\": ") + echo
        let insert: Bytes
        let place: Int
        if isError {
            place = bytes.startIndex + 1
            insert = Bytes(text: lineBreak) + member + Bytes(text: ",\(space)")
        } else {
            let end = bytes.lastIndex(of: UInt8(ascii: "}")) ?? bytes.endIndex
            place = bytes[..<end].lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? end
            insert = Bytes(text: ",\(space)\(lineBreak)") + member
        }
        return SplicedMessage(bytes, cut: place..<place, insert: insert).joined
    }
}

extension Bytes {
    /// The message with the line end that recordings leave out (monitor/monitor.c, `monitor_puts`).
    var endedAsQEMUDoes: Bytes {
        let end = lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? endIndex
        return self[..<end] + [0x0D, 0x0A]
    }
}
