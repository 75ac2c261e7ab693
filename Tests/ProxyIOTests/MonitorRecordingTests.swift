import Libevent
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
                redaction: nil,
                header: Session.header,
                startedMicrosecondsSince1970: Session.started,
                loop: own,
                onSegmentDue: {},
                onReport: { _ in }
            )
            recording.take(Session.opened(0))
            for errand in own.beforeFlush { errand() }
            #expect(recording.close() == nil)
        }
        #expect(loop == nil)
    }
}
