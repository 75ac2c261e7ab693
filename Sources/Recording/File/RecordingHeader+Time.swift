extension RecordingHeader {
    /// When the proxy's clock was at zero, in microseconds since 1970-01-01T00:00:00Z.
    ///
    /// `nil` if the header says it in another way than this version.
    public var startedMicrosecondsSince1970: Int64? {
        let form = "dddd-dd-ddTdd:dd:dd.dddZ"
        let text = Array(started.utf8)
        guard text.count == form.utf8.count else { return nil }
        var numbers: [Int64] = [0]
        for (byte, wanted) in zip(text, form.utf8) {
            if wanted == UInt8(ascii: "d") {
                guard (0x30...0x39).contains(byte) else { return nil }
                numbers[numbers.count - 1] = numbers[numbers.count - 1] * 10 + Int64(byte - 0x30)
            } else {
                guard byte == wanted else { return nil }
                numbers.append(0)
            }
        }
        guard (1...12).contains(numbers[1]) else { return nil }
        let days = Self.days(year: numbers[0], month: numbers[1], day: numbers[2])
        let seconds = ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]
        return seconds * 1_000_000 + numbers[6] * 1000
    }

    /// How many days after 1970-01-01 a date of the Gregorian calendar is, the reverse of how ``utc(_:)`` finds it.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
