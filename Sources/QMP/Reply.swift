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
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let ascii = bytes[index...].prefix { $0 < 0x80 }
            plain += ascii
            index = ascii.endIndex
            guard index < bytes.endIndex else { break }
            let (value, next) = ModifiedUTF8.codePoint(in: bytes, at: index)
            switch value {
            case nil: plain += "\u{FFFD}".utf8
            case 0: plain.append(0)
            default: plain += bytes[index..<next]
            }
            index = next
        }
        self.init(decoding: plain, as: UTF8.self)
    }
}
