import Libevent
import Recording
import Testing

@testable import ProxyIO

/// What a monitor's server has of its recording.
@Suite(.timeLimit(.minutes(15)))
struct MonitorRecordingTests {
    @Test func letsGoOfItsLoopWhenItIsClosed() throws {
        let directory = TemporaryDirectory()
        weak var loop: EventLoop?
        do {
            let own = try EventLoop()
            loop = own
            let recording = try MonitorRecording(
                RecordingOptions(path: directory.path("vm.qmprec")),
                header: Session.header,
                startedMicrosecondsSince1970: Session.started,
                loop: own,
                onSegmentDue: {},
                onReport: { _ in }
            )
            var recorded: RecordedLines? = RecordedLines(redacting: nil)
            recorded?.append(Session.opened(0))
            recording.take(&recorded)
            for errand in own.beforeFlush { errand() }
            #expect(recording.close() == nil)
        }
        #expect(loop == nil)
    }
}
