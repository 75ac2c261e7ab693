import QMP
import Testing

@testable import Recording

@Suite(.timeLimit(.minutes(15)))
struct UsualLineTests {
    private static let usual = [
        #"{"t": 0.000000, "at": "monitor", "is": "received", "message": {"return": [1, {"a": "é\n"}]}}"#,
        #"{"t": 999999999.999999, "at": "client 12", "is": "sent", "command": 123456789012345678, "message": {}}"#,
        #"{"t": 1.204117, "at": "client 1", "is": "sent", "command": 1, "same-as": "monitor", "id": [1, "x"]}"#,
        #"{"t": 1.204117, "at": "client 0", "is": "received", "same-as": "monitor"}"#,
        #"{"t": 2.5, "at": "client 1", "is": "sent", "message": {}}"#,
    ]

    private func general(_ line: Bytes) -> Entry? {
        try? RecordingLine(line).entry()
    }

    /// That it is taken at all is what makes a recording quick to read.
    @Test
    func takesWhatTheEncoderWrites() {
        for entry in Session.entries {
            let line = Bytes(text: line(entry)).dropLast()
            let isUsual =
                switch entry.kind {
                case .received(.message(_, .json)), .sent(.message(_, .json)), .sent(.sameAsMonitor):
                    entry.descriptors == 0 && entry.plugin == nil && entry.redacted.isEmpty
                default: false
                }
            #expect(UsualLine.entry(of: line) == (isUsual ? entry : nil))
            #expect(general(line) == entry)
        }
        #expect(Self.usual.map { UsualLine.entry(of: Bytes(text: $0)) != nil } == [true, true, true, true, false])
    }

    /// Whatever is done to a line, the quick way gives up or says what the other one says.
    @Test
    func saysTheSameAsTheGeneralWay() {
        var chance = Chance(state: 7)
        var taken = 0
        let lines = Self.usual.map { Array($0.utf8) }
        let bytes: [UInt8] =
            Array(#"{}[]",:\ 0123456789.-+eEuntfl/'"#.utf8) + [0, 9, 10, 13, 0x7F, 0x80, 0xC3, 0xA9, 0xFF]
        for _ in 0..<200_000 {
            var line = lines[chance.number(below: lines.count)]
            for _ in 0...chance.number(below: 3) {
                let place = chance.number(below: line.count)
                switch chance.number(below: 4) {
                case 0: line.remove(at: place)
                case 1: line.insert(bytes[chance.number(below: bytes.count)], at: place)
                case 2: line[place] = bytes[chance.number(below: bytes.count)]
                default: line.insert(contentsOf: line[place...].prefix(chance.number(below: 12)), at: place)
                }
            }
            guard let entry = UsualLine.entry(of: line[...]) else { continue }
            taken += 1
            guard entry != general(line[...]) else { continue }
            Issue.record("differs: \(line[...].text)")
        }
        #expect(taken > 1000)
    }

    /// A slice of what was read does not begin at zero.
    @Test
    func takesASlice() {
        let line = Bytes(text: "xx\(Self.usual[0])yy").dropFirst(2).dropLast(2)
        #expect(UsualLine.entry(of: line) == general(line))
        #expect(UsualLine.entry(of: line) != nil)
    }

    @Test
    func wantsUTF8() {
        let line = Bytes(text: Self.usual[0]).map { $0 == 0xA9 ? 0xFF : $0 }
        #expect(UsualLine.entry(of: line[...]) == nil)
    }
}
