//! Leaving.

use super::*;

#[test]
fn the_last_to_leave_leaves_an_empty_generation_that_is_written_down() {
    let (mut bench, first) = Bench::with_one_member();
    bench.pass(5);
    assert_eq!(bench.leave(&first, None), ErrorCode::None);
    assert_eq!(bench.group.state(), State::Empty);
    let record = bench.record();
    assert_eq!((record.generation, record.members.len(), record.current_state_timestamp), (2, 0, 1_000_005));
    assert_eq!(record.protocol_type, "consumer");
    assert_eq!(bench.group.empty_since(), Some(TimestampMs(1_000_005)));
    assert_eq!(bench.group.next_deadline(), None);
    assert_eq!(bench.leave(&first, None), ErrorCode::UnknownMemberId);
    let (_, ticket) = bench.join_new();
    assert_eq!(bench.joined(ticket).generation_id, 3);
}

#[test]
fn who_leaves_while_it_waits_is_answered() {
    let (mut bench, first) = Bench::with_one_member();
    let (second, waiting) = bench.join_new();
    assert_eq!(bench.leave(&second, None), ErrorCode::None);
    assert_eq!(bench.join_error(waiting), ErrorCode::UnknownMemberId);
    let ticket = bench.join(&Says::id(&first));
    assert_eq!(bench.joined(ticket).generation_id, 2);
}

#[test]
fn the_leader_is_followed_by_the_oldest() {
    let (mut bench, first, second) = Bench::with_two_members();
    assert_eq!(bench.leave(&first, None), ErrorCode::None);
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::RebalanceInProgress);
    let ticket = bench.join(&Says::id(&second));
    let joined = bench.joined(ticket);
    assert_eq!((joined.generation_id, joined.leader), (3, second));
}

#[test]
fn who_was_about_to_join_may_leave_and_disturbs_nobody() {
    let (mut bench, first) = Bench::with_one_member();
    let asked = bench.join(&Says::id(""));
    let told = bench.joined(asked).member_id;
    assert_eq!(bench.leave(&told, None), ErrorCode::None);
    assert_eq!((bench.group.state(), bench.heartbeat(&first, 1)), (State::Stable, ErrorCode::None));
}

#[test]
fn a_rebalance_does_not_wait_for_who_is_gone() {
    let (mut bench, first, second) = Bench::with_two_members();
    let waiting = bench.join(&Says::id(&first));
    assert!(bench.waits(waiting));
    assert_eq!(bench.leave(&second, None), ErrorCode::None);
    assert_eq!(bench.joined(waiting).generation_id, 3);
}

#[test]
fn a_group_that_is_closed_lets_nobody_wait() {
    let (mut bench, first) = Bench::with_one_member();
    let (_, waiting) = bench.join_new();
    bench.turn(|group, turn, _| group.close(turn, ErrorCode::NotCoordinator));
    assert_eq!(bench.join_error(waiting), ErrorCode::NotCoordinator);
    assert_eq!(bench.join_error(waiting), ErrorCode::NotCoordinator, "{first}");
}
