//! Static members (KIP-345).

use super::*;

/// A stable group of one static member, `i`; gives its id.
fn with_instance() -> (Bench, String) {
    let mut bench = Bench::new();
    let ticket = bench.join(&Says::id("").instance("i"));
    let member_id = bench.joined(ticket).member_id;
    assert_eq!(member_id, "i-00000000-0000-0000-0000-000000000001");
    bench.sync(&member_id, 1, &[(&member_id, b"all")]);
    (bench, member_id)
}

#[test]
fn one_that_comes_back_has_a_new_id_and_disturbs_nobody() {
    let (mut bench, before) = with_instance();
    let ticket = bench.join(&Says::id("").instance("i"));
    let joined = bench.joined(ticket);
    assert_ne!(joined.member_id, before);
    assert_eq!((joined.generation_id, joined.skip_assignment), (1, true));
    assert_eq!(joined.leader, joined.member_id);
    assert_eq!(
        (bench.group.state(), bench.record().members[0].member_id.clone()),
        (State::Stable, joined.member_id.clone())
    );
    let synced = bench.sync(&joined.member_id, 1, &[]);
    assert_eq!(&bench.synced(synced).assignment[..], b"all");
    assert_eq!(
        bench.group.check_commit(bench.now(), &before, Some("i"), 1),
        Err(ErrorCode::FencedInstanceId)
    );
    assert_eq!(bench.leave(&before, Some("i")), ErrorCode::FencedInstanceId);
}

#[test]
fn an_old_client_that_comes_back_must_not_take_itself_for_the_leader() {
    let (mut bench, before) = with_instance();
    bench.api_version = 8;
    let ticket = bench.join(&Says::id("").instance("i"));
    let joined = bench.joined(ticket);
    assert_eq!((joined.leader, joined.members.len(), joined.skip_assignment), (before, 0, false));
}

#[test]
fn one_that_is_away_keeps_its_place_until_its_session_ends() {
    let (mut bench, member_id) = with_instance();
    bench.pass(9_999);
    assert_eq!(bench.group.member_count(), 1);
    bench.pass(1);
    assert_eq!((bench.group.state(), bench.group.member_count()), (State::Empty, 0));
    let ticket = bench.join(&Says::id(&member_id).instance("i"));
    assert_eq!(bench.join_error(ticket), ErrorCode::UnknownMemberId);
}

#[test]
fn one_that_waits_is_fenced_by_the_next() {
    let (mut bench, member_id) = with_instance();
    let waiting = bench.join(&Says::id(&member_id).instance("i").protocols(&[("range", b"other")]));
    assert_eq!(bench.joined(waiting).generation_id, 2);
    let syncing = bench.join_new().1;
    let first = bench.join(&Says::id("").instance("i"));
    assert!(bench.waits(syncing) || bench.joined(syncing).generation_id == 3);
    assert_eq!(bench.joined(first).generation_id, 3);
    let gone = bench.join(&Says::id(&member_id).instance("i"));
    assert_eq!(bench.join_error(gone), ErrorCode::FencedInstanceId);
}

#[test]
fn an_operator_names_one_by_its_own_id() {
    let (mut bench, _) = with_instance();
    assert_eq!(bench.leave("", Some("nobody")), ErrorCode::UnknownMemberId);
    assert_eq!(bench.leave("", Some("i")), ErrorCode::None);
    assert_eq!(bench.group.state(), State::Empty);
}

#[test]
fn a_rebalance_keeps_one_that_did_not_join_again() {
    let (mut bench, member_id) = with_instance();
    let (_, waiting) = bench.join_new();
    // It lives, and does not hear that it should join.
    for _ in 0..3 {
        bench.pass(9_000);
        assert_eq!(bench.heartbeat(&member_id, 1), ErrorCode::RebalanceInProgress);
    }
    bench.pass(3_000);
    let joined = bench.joined(waiting);
    assert_eq!((joined.generation_id, joined.members.len()), (2, 2));
    assert_eq!(joined.leader, joined.member_id, "the leader is one who is here");
}
