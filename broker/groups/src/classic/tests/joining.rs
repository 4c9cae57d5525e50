//! Joining.

use super::*;

#[test]
fn a_newcomer_is_told_its_id_first_and_leads_a_group_of_its_own() {
    let mut bench = Bench::new();
    let (member_id, ticket) = bench.join_new();
    assert_eq!(member_id, "c-00000000-0000-0000-0000-000000000001");
    let joined = bench.joined(ticket);
    assert_eq!((joined.generation_id, joined.leader, joined.member_id), (1, member_id.clone(), member_id));
    assert_eq!(joined.protocol_name.as_deref(), Some("range"));
    assert_eq!(&joined.members[0].metadata[..], b"topics");
    assert_eq!(bench.group.state(), State::CompletingRebalance);
    assert_eq!(bench.records, []);
}

#[test]
fn old_clients_join_at_once() {
    let mut bench = Bench::new();
    bench.api_version = 3;
    let ticket = bench.join(&Says::id(""));
    assert_eq!(bench.joined(ticket).generation_id, 1);
}

#[test]
fn an_id_that_is_not_used_is_forgotten() {
    let mut bench = Bench::new();
    let asked = bench.join(&Says::id(""));
    let told = bench.joined(asked).member_id;
    bench.pass(10_000);
    let ticket = bench.join(&Says::id(&told));
    assert_eq!(bench.join_error(ticket), ErrorCode::UnknownMemberId);
    assert_eq!(bench.group.next_deadline(), None);
}

#[test]
fn the_first_rebalance_waits_while_members_come_but_not_for_ever() {
    let mut bench = Bench::with(GroupConfig { initial_rebalance_delay_ms: 3_000, ..GroupConfig::default() });
    let (_, first) = bench.join_new();
    bench.pass(2_000);
    assert!(bench.waits(first));
    let mut last = first;
    // Each newcomer puts it off by another delay, until the rebalance timeout of 30 s.
    for _ in 0..13 {
        last = bench.join_new().1;
        assert!(bench.waits(first), "at {}", bench.now);
        bench.pass(2_000);
    }
    bench.pass(1_999);
    assert!(bench.waits(last));
    bench.pass(1);
    assert_eq!((bench.now, bench.joined(first).generation_id), (30_000, 1));
    assert_eq!(bench.joined(first).members.len(), 14);
}

#[test]
fn without_newcomers_the_first_rebalance_ends_after_its_delay() {
    let mut bench = Bench::with(GroupConfig { initial_rebalance_delay_ms: 3_000, ..GroupConfig::default() });
    let (_, first) = bench.join_new();
    bench.pass(2_999);
    assert!(bench.waits(first));
    bench.pass(1);
    assert_eq!(bench.joined(first).generation_id, 1);
}

#[test]
fn who_does_not_join_again_in_time_is_no_member_any_more() {
    let (mut bench, first) = Bench::with_one_member();
    let (second, waiting) = bench.join_new();
    for _ in 0..5 {
        bench.pass(5_000);
        assert_eq!(bench.heartbeat(&first, 1), ErrorCode::RebalanceInProgress);
        assert!(bench.waits(waiting));
    }
    bench.pass(5_000);
    let joined = bench.joined(waiting);
    assert_eq!((joined.generation_id, joined.leader.as_str(), joined.members.len()), (2, &*second, 1));
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::UnknownMemberId);
}

#[test]
fn a_member_without_a_sign_of_life_is_lost_and_the_others_join_again() {
    let (mut bench, first, second) = Bench::with_two_members();
    bench.pass(9_999);
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::None);
    bench.pass(1);
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::RebalanceInProgress);
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::UnknownMemberId);
    let ticket = bench.join(&Says::id(&first));
    assert_eq!(bench.joined(ticket).generation_id, 3);
}

#[test]
fn who_waits_to_join_needs_no_heartbeat_but_a_newcomer_waits_five_minutes_at_most() {
    let mut bench = Bench::new();
    bench.config.max_session_timeout_ms = i32::MAX;
    let (_, _) = bench.join_new();
    let (_, waiting) = bench.join_new();
    let mut request = Says::id("").request();
    request.rebalance_timeout_ms = 1_000_000;
    request.session_timeout_ms = 2_000_000;
    bench.pass(1);
    assert!(bench.waits(waiting));
    bench.pass(30_000);
    assert_eq!(bench.joined(waiting).generation_id, 2, "the first did not join again");
}

#[test]
fn the_protocol_that_most_prefer_among_those_that_all_speak() {
    let (mut bench, first) = Bench::with_one_member();
    let asked = bench.join(&Says::id(""));
    let second = bench.joined(asked).member_id;
    let both: &[(&str, &'static [u8])] = &[("sticky", b"s"), ("range", b"r")];
    bench.join(&Says::id(&second).protocols(both));
    let ticket = bench.join(&Says::id(&first).protocols(both));
    assert_eq!(bench.joined(ticket).protocol_name.as_deref(), Some("sticky"));
    let stranger = bench.join(&Says::id("").protocols(&[("other", b"")]));
    assert_eq!(bench.join_error(stranger), ErrorCode::InconsistentGroupProtocol);
}

#[test]
fn a_lost_answer_is_given_again() {
    let (mut bench, first, second) = Bench::with_two_members();
    let again = bench.join(&Says::id(&second));
    assert_eq!((bench.joined(again).generation_id, bench.group.state()), (2, State::Stable));
    // The leader joins again because it has seen something; so does who says something else.
    bench.join(&Says::id(&first));
    assert_eq!(bench.group.state(), State::PreparingRebalance);
    bench.join(&Says::id(&second));
    assert_eq!(bench.group.state(), State::CompletingRebalance);
    let again = bench.join(&Says::id(&first));
    assert_eq!((bench.joined(again).generation_id, bench.joined(again).members.len()), (3, 2));
}

#[test]
fn a_join_that_is_answered_at_once_is_a_sign_of_life() {
    let (mut bench, first, second) = Bench::with_two_members();
    bench.pass(SESSION_MS as u64 - 1);
    let again = bench.join(&Says::id(&second));
    assert_eq!(bench.joined(again).generation_id, 2);
    assert_eq!(bench.heartbeat(&first, 2), ErrorCode::None);
    bench.pass(SESSION_MS as u64 - 1);
    assert_eq!(bench.heartbeat(&second, 2), ErrorCode::None);
}

#[test]
fn other_metadata_is_a_reason_to_rebalance() {
    let (mut bench, _, second) = Bench::with_two_members();
    let waiting = bench.join(&Says::id(&second).protocols(&[("range", b"more topics")]));
    assert!(bench.waits(waiting));
    assert_eq!(bench.group.state(), State::PreparingRebalance);
}

#[test]
fn a_second_question_of_a_member_takes_the_place_of_its_first() {
    let (mut bench, _, second) = Bench::with_two_members();
    let says = Says::id(&second).protocols(&[("range", b"more topics")]);
    let first = bench.join(&says);
    let again = bench.join(&says);
    assert_eq!(bench.join_error(first), ErrorCode::RebalanceInProgress);
    assert!(bench.waits(again));
}

#[test]
fn who_is_answered_because_another_one_s_session_ended_begins_a_session_though_its_own_had_ended_too() {
    for late_ms in [0, 500] {
        let (mut bench, silent, waiting) = Bench::with_two_members();
        let ticket = bench.join(&Says::id(&waiting).protocols(&[("range", b"more topics")]));
        assert!(bench.waits(ticket));
        bench.stall(SESSION_MS as u64 + late_ms);
        assert_eq!(bench.joined(ticket).generation_id, 3);
        assert_eq!(bench.heartbeat(&silent, 2), ErrorCode::UnknownMemberId);
        bench.pass(SESSION_MS as u64 - 1);
        assert_eq!(bench.heartbeat(&waiting, 3), ErrorCode::None);
    }
}

#[test]
fn timeouts_and_sizes_beyond_the_settings_are_refused() {
    let mut bench = Bench::new();
    bench.config.max_size = 1;
    bench.config.min_session_timeout_ms = SESSION_MS + 1;
    let ticket = bench.join(&Says::id(""));
    assert_eq!(bench.join_error(ticket), ErrorCode::InvalidSessionTimeout);
    bench.config.min_session_timeout_ms = SESSION_MS;
    bench.join_new();
    let ticket = bench.join(&Says::id(""));
    assert_eq!(bench.join_error(ticket), ErrorCode::GroupMaxSizeReached);
}

#[test]
fn a_stranger_is_not_known() {
    let (mut bench, _) = Bench::with_one_member();
    let ticket = bench.join(&Says::id("stranger"));
    assert_eq!(bench.join_error(ticket), ErrorCode::UnknownMemberId);
    assert_eq!(bench.heartbeat("stranger", 1), ErrorCode::UnknownMemberId);
}
