/// Replies as QEMU writes them, line end included (monitor/qmp.c, qapi/qmp-dispatch.c).
public enum Reply {
    /// `{"return": value, "id": id}`, the id left out when the command had none.
    public static func success(_ value: JSONValue, id: JSONValue?, isPretty: Bool) -> Bytes {
        line([JSONValue.Member("return", value)], id, isPretty)
    }

    /// `{"id": id, "error": {"class": …, "desc": …}}`.
    public static func failure(_ error: ProtocolError, id: JSONValue?, isPretty: Bool) -> Bytes {
        let details: JSONValue = .object([
            JSONValue.Member("class", .string(error.errorClass.rawValue)),
            JSONValue.Member("desc", .string(String(brokenModifiedUTF8: error.description))),
        ])
        return line([JSONValue.Member("error", details)], id, isPretty)
    }

    private static func line(_ members: [JSONValue.Member], _ id: JSONValue?, _ isPretty: Bool) -> Bytes {
        let all = members + (id.map { [JSONValue.Member("id", $0)] } ?? [])
        return JSONValue.object(all).written(isPretty: isPretty) + [0x0D, 0x0A]
    }
}

extension String {
    /// A text in modified UTF-8 in which each broken sequence becomes U+FFFD, as QEMU's writer does it.
    fileprivate init(brokenModifiedUTF8 bytes: Bytes) {
        self.init()
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let (value, next) = ModifiedUTF8.codePoint(in: bytes, at: index)
            unicodeScalars.append(value.flatMap(UnicodeScalar.init) ?? "\u{FFFD}")
            index = next
        }
    }
}
