import QMP
import Recording
import Testing

@testable import ProxyIO

@Suite(.timeLimit(.minutes(15)))
final class RecordingQueueTests {
    private let ring: RecordingRing

    init() throws {
        ring = try RecordingRing(bytes: 4096)
    }

    deinit {
        ring.unmap()
    }

    private func queue(
        _ options: RecordingOptions = RecordingOptions(path: "a"),
        bytesBefore: Int = 0
    ) -> RecordingQueue {
        var queue = RecordingQueue(ring: ring, options: options, startedMicrosecondsSince1970: Session.started)
        queue.begin(Session.header, isTorn: false, bytesBefore: bytesBefore, begun: Session.started)
        return queue
    }

    /// What waits, read as the writing thread does.
    private func take() -> String {
        let text = String(decoding: ring.bytes(from: ring.tail, to: ring.head), as: UTF8.self)
        ring.advance(to: ring.head)
        return text
    }

    @Test
    func handsOverWholeTurns() {
        var queue = queue()
        #expect(take() == Session.headerLine)
        let entries = [Session.opened(1), Session.opened(2)]
        queue.take(entries)
        #expect(take() == Session.lines(of: entries))
        #expect(queue.entriesWritten == 2)
    }

    /// A turn of lines and of what is none yet: in its order; what does not fit is lost, and all behind it.
    @Test
    func takesWhatIsLongInItsPlace() throws {
        let ring = try RecordingRing(bytes: 16384)
        defer { ring.unmap() }
        var queue = RecordingQueue(
            ring: ring,
            options: RecordingOptions(path: "a"),
            startedMicrosecondsSince1970: Session.started
        )
        let long = [6000, 6000, 6000, 20_000].map { Session.said(7, String(repeating: "x", count: $0)) }
        let (before, after) = (Session.opened(7, "before"), Session.opened(7, "after"))
        queue.take([before, long[0], long[1], after])
        let taken = Session.lines(of: [before, long[0], long[1], after])
        #expect(queue.take([before, long[2], after]) == [])
        #expect(String(decoding: ring.bytes(from: 0, to: ring.head), as: UTF8.self) == taken + Session.line(of: before))
        #expect(queue.entriesWritten == 5 && queue.entriesLost == 2)
        ring.advance(to: ring.head)
        let start = ring.head
        #expect(queue.take([before, long[3], after]) == [Session.line(of: long[3]).utf8.count])
        let text = String(decoding: ring.bytes(from: start, to: ring.head), as: UTF8.self)
        #expect(text == Session.lines(of: [Session.gap(2, since: 7), before, Session.gap(1, since: 7), after]))
    }

    /// A turn whose lines do not fit as a whole: those that do are taken, the rest is counted.
    @Test
    func takesAsManyLinesAsFit() {
        var queue = queue()
        _ = take()
        var recorded = RecordedLines(redacting: nil)
        let message = SplicedMessage(Bytes(text: "{\"execute\": \"stop\"}"))
        for number in 1...100 {
            let time = Instant(microseconds: 7)
            recorded.append(
                message,
                Passage(at: time, .json, isSent: false, client: 1, command: number, descriptors: 0)
            )
        }
        let all = recorded.withLines { String(decoding: $0, as: UTF8.self) }.split(separator: "\n")
        queue.take(&recorded)
        let lines = take().split(separator: "\n")
        let taken = lines.count
        #expect(lines == Array(all[..<taken]))
        let bytes = all[...taken].map { $0.utf8.count + 1 }.reduce(0, +)
        #expect(4096..<4096 + all[taken].utf8.count + 1 ~= bytes - 1)
        #expect(queue.entriesWritten == taken)
        #expect(queue.entriesLost == 100 - taken)
        queue.take([Session.opened(200)])
        #expect(take() == Session.lines(of: [Session.gap(100 - taken, since: 7), Session.opened(200)]))
    }

    /// Each entry is in the stream or counted by a gap in its place, however much the ring was emptied between.
    @Test
    func losesNoMoreThanItSays() {
        var queue = queue()
        var text = take()
        let entries = (0..<200).map { Session.opened($0, String(repeating: "x", count: Int($0 * 7 % 300))) }
        for (number, entry) in entries.enumerated() {
            queue.take([entry])
            if number % 40 == 39 { text += take() }
        }
        queue.take([])
        text += take()

        var decoder = RecordingDecoder()
        decoder.append(Bytes(text: text))
        var expected = 0
        var lost = 0
        while let item = try? decoder.next() {
            guard case .entry(let entry) = item.content else { continue }
            if case .gap(let count) = entry.kind {
                #expect(entry.time == entries[expected].time)
                expected += count
                lost += count
            } else {
                #expect(entry == entries[expected])
                expected += 1
            }
        }
        #expect(expected == 200)
        #expect(lost > 0)
        #expect(queue.entriesLost == lost)
        #expect(queue.entriesWritten == 200 - lost)
        #expect(queue.lost == RecordingQueue.Loss())
    }

    @Test
    func takesNothingBeforeHalfOfTheRingIsFree() {
        var queue = queue()
        _ = take()
        let big = String(repeating: "x", count: 1900)
        let taken = [Session.opened(1, big), Session.opened(2, big)]
        queue.take(taken)
        queue.take([Session.opened(3, big)])
        queue.take([Session.opened(4)])
        #expect(queue.lost == RecordingQueue.Loss(entries: 2, since: Instant(microseconds: 3)))
        let first = Session.line(of: taken[0]).utf8.count
        ring.advance(to: ring.tail + first - 100)
        queue.take([Session.opened(5)])
        #expect(queue.entriesLost == 3)
        ring.advance(to: ring.tail + 500)
        queue.take([Session.opened(6)])
        _ = take()
        #expect(queue.entriesLost == 3)
        #expect(queue.entriesWritten == 3)
    }

    @Test
    func losesAnEntryLongerThanTheRingByItself() {
        var queue = queue()
        _ = take()
        let long = Session.opened(2, String(repeating: "x", count: 5000))
        let length = Session.line(of: long).utf8.count
        #expect(queue.take([Session.opened(1), long]) == [length])
        #expect(queue.take([Session.opened(3)]) == [])
        #expect(take() == Session.lines(of: [Session.opened(1), Session.gap(1, since: 2), Session.opened(3)]))
        #expect(queue.entriesWritten == 2)
        #expect(queue.entriesLost == 1)
    }

    @Test
    func cutsWhereASegmentBegins() {
        var queue = queue()
        queue.take([Session.opened(1)])
        let before = take()
        queue.beginSegment(Session.header, previous: "before", at: Instant(microseconds: 5))
        queue.beginSegment(Session.header, previous: nil, at: Instant(microseconds: 5))
        let header = Session.line(of: Session.header(after: "before"))
        #expect(
            queue.cuts == [
                RecordingQueue.Cut(offset: before.utf8.count, begun: Session.started + 5),
                RecordingQueue.Cut(offset: before.utf8.count + header.utf8.count, begun: Session.started + 6),
            ]
        )
        #expect(take() == header + Session.headerLine)
    }

    @Test
    func isDueBySize() {
        let line = Session.line(of: Session.opened(1)).utf8.count
        let size = 100 + Session.headerLine.utf8.count + 2 * line
        var queue = queue(RecordingOptions(path: "a", rotateBytes: size), bytesBefore: 100)
        queue.take([Session.opened(1)])
        #expect(!queue.isSegmentDue(at: .zero))
        queue.take([Session.opened(1)])
        #expect(queue.isSegmentDue(at: .zero))
        queue.beginSegment(Session.header, previous: nil, at: .zero)
        #expect(!queue.isSegmentDue(at: .zero))
    }

    @Test
    func isDueByAge() {
        var queue = queue(RecordingOptions(path: "a", rotateAge: .seconds(2)))
        #expect(!queue.isSegmentDue(at: Instant(microseconds: 1_999_999)))
        #expect(queue.isSegmentDue(at: Instant(microseconds: 2_000_000)))
        queue.beginSegment(Session.header, previous: nil, at: Instant(microseconds: 3_000_000))
        #expect(!queue.isSegmentDue(at: Instant(microseconds: 4_999_999)))
        #expect(queue.isSegmentDue(at: Instant(microseconds: 5_000_000)))
    }

    /// A segment that was asked for while the ring was full begins when there is room.
    @Test
    func isDueAgainIfThereWasNoRoomForTheHeader() {
        var queue = queue()
        queue.take([Session.opened(1, String(repeating: "x", count: 3900))])
        queue.beginSegment(Session.header, previous: nil, at: .zero)
        #expect(queue.cuts == [])
        #expect(queue.isSegmentDue(at: .zero))
        _ = take()
        queue.beginSegment(Session.header, previous: nil, at: .zero)
        #expect(queue.cuts.map(\.begun) == [Session.started + 1])
        #expect(!queue.isSegmentDue(at: .zero))
    }
}

extension RecordingQueue {
    /// A turn of the event loop in which that happens; the sizes of entries that are too long.
    @discardableResult
    fileprivate mutating func take(_ entries: [Entry]) -> [Int] {
        var recorded = RecordedLines(redacting: nil)
        for entry in entries { recorded.append(entry) }
        return take(&recorded)
    }

    @discardableResult
    fileprivate mutating func take(_ recorded: inout RecordedLines) -> [Int] {
        defer { _ = handOver() }
        return append(recorded)
    }
}
