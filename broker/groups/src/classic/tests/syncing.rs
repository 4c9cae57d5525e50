//! Syncing, heartbeats, commits, and what is written down.

use super::*;

#[test]
fn members_wait_for_what_the_leader_says() {
    let (mut bench, first) = Bench::with_one_member();
    let (second, _) = bench.join_new();
    bench.join(&Says::id(&first));
    let waiting = bench.sync(&second, 2, &[]);
    assert!(bench.waits(waiting));
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::None);
    bench.pass(7);
    let leads = bench.sync(&first, 2, &[(&first, b"one"), ("stranger", b"x")]);
    assert_eq!(&bench.synced(leads).assignment[..], b"one");
    assert_eq!(&bench.synced(waiting).assignment[..], b"", "whom the leader does not name does nothing");
    assert_eq!(bench.synced(leads).protocol_name.as_deref(), Some("range"));

    let record = bench.record();
    assert_eq!((record.generation, record.leader.as_deref()), (2, Some(&*first)));
    assert_eq!(record.current_state_timestamp, 1_000_007);
    assert_eq!(
        (&record.members[0].assignment[..], &record.members[0].subscription[..]),
        (&b"one"[..], &b"topics"[..])
    );
    assert_eq!(record.members[0].client_host, "/127.0.0.1");
}

#[test]
fn an_assignment_can_be_asked_for_again() {
    let (mut bench, _, second) = Bench::with_two_members();
    let again = bench.sync(&second, 2, &[]);
    assert_eq!(&bench.synced(again).assignment[..], b"two");
    let stale = bench.sync(&second, 1, &[]);
    assert_eq!(bench.sync_error(stale), ErrorCode::IllegalGeneration);
}

#[test]
fn syncs_end_when_someone_else_comes() {
    let (mut bench, first) = Bench::with_one_member();
    let (second, _) = bench.join_new();
    bench.join(&Says::id(&first));
    let waiting = bench.sync(&second, 2, &[]);
    bench.join_new();
    assert_eq!(bench.sync_error(waiting), ErrorCode::RebalanceInProgress);
    let late = bench.sync(&first, 2, &[(&first, b"one")]);
    assert_eq!(bench.sync_error(late), ErrorCode::RebalanceInProgress);
}

#[test]
fn who_waits_for_a_leader_that_is_lost_begins_a_session_with_the_answer() {
    let (mut bench, leader, waiting) = Bench::with_two_members();
    bench.join(&Says::id(&leader));
    bench.join(&Says::id(&waiting));
    let ticket = bench.sync(&waiting, 3, &[]);
    assert!(bench.waits(ticket));
    bench.pass(SESSION_MS as u64);
    assert_eq!(bench.sync_error(ticket), ErrorCode::RebalanceInProgress);
    assert_eq!(bench.heartbeat(&leader, 3), ErrorCode::UnknownMemberId);
    bench.pass(SESSION_MS as u64 - 1);
    assert_eq!(bench.heartbeat(&waiting, 3), ErrorCode::RebalanceInProgress);
}

#[test]
fn who_waited_longer_than_a_session_has_one_again_when_the_wait_ends() {
    let (mut bench, leader) = Bench::with_one_member();
    bench.join(&Says::id("").instance("i"));
    bench.join(&Says::id(&leader));
    let waiting = bench.group.instances["i"].clone();
    let ticket = bench.sync(&waiting, 2, &[]);
    for _ in 0..3 {
        assert_eq!(bench.heartbeat(&leader, 2), ErrorCode::None);
        bench.pass(5_000);
    }
    assert_eq!(bench.leave(&leader, None), ErrorCode::None);
    assert_eq!(bench.sync_error(ticket), ErrorCode::RebalanceInProgress);
    // A static member that has not joined again is kept for as long as its session lasts, and no longer.
    bench.pass(SESSION_MS as u64 - 1);
    assert_eq!(bench.group.member_count(), 1);
    bench.pass(1);
    assert_eq!((bench.group.state(), bench.group.member_count()), (State::Empty, 0));
}

#[test]
fn who_joins_and_never_syncs_is_no_member_any_more() {
    let (mut bench, first) = Bench::with_one_member();
    let (second, _) = bench.join_new();
    bench.join(&Says::id(&first));
    bench.sync(&first, 2, &[(&first, b"one")]);
    assert_eq!(bench.group.state(), State::Stable);
    for _ in 0..6 {
        assert_eq!(bench.heartbeat(&first, 2), ErrorCode::None);
        assert_eq!(bench.heartbeat(&second, 2), ErrorCode::None);
        bench.pass(5_000);
    }
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::UnknownMemberId);
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::RebalanceInProgress);
}

#[test]
fn commits_are_for_members_of_the_generation_or_for_groups_without_members() {
    let (mut bench, first) = Bench::with_one_member();
    let now = bench.now();
    let mut check = |member: &str, generation| bench.group.check_commit(now, member, None, generation);
    assert_eq!(check(&first, 1), Ok(()));
    assert_eq!(check(&first, 0), Err(ErrorCode::IllegalGeneration));
    assert_eq!(check("", -1), Err(ErrorCode::UnknownMemberId));
    assert_eq!(check("stranger", 1), Err(ErrorCode::UnknownMemberId));
    bench.join_new();
    bench.join(&Says::id(&first));
    let now = bench.now();
    assert_eq!(bench.group.check_commit(now, &first, None, 2), Err(ErrorCode::RebalanceInProgress));
    assert_eq!(Bench::new().group.check_commit(now, "", None, -1), Ok(()));
}

#[test]
fn a_commit_is_a_sign_of_life() {
    let (mut bench, first) = Bench::with_one_member();
    for _ in 0..4 {
        bench.pass(9_000);
        let now = bench.now();
        assert_eq!(bench.group.check_commit(now, &first, None, 1), Ok(()));
    }
    assert_eq!(bench.heartbeat(&first, 1), ErrorCode::None);
}

#[test]
fn a_group_comes_back_from_its_record_with_new_sessions() {
    let (mut bench, first, second) = Bench::with_two_members();
    let GroupRecord::ClassicGroup { value: Some(value), .. } = bench.group.record() else { panic!() };
    bench.pass(9_999);
    let before = bench.group.describe();
    let now = bench.now();
    bench.group = ClassicGroup::from_record("g".to_owned(), &value, now);
    assert_eq!(bench.group.describe(), before);
    assert_eq!(
        bench.group.record(),
        GroupRecord::ClassicGroup { group_id: "g".to_owned(), value: Some(value) }
    );
    bench.pass(9_999);
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::None);
    bench.pass(1);
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::UnknownMemberId);
}
