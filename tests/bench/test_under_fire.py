import random

from bench.under_fire import Victim, plan


def test_a_plan_never_kills_more_than_asked_for() -> None:
    chance = random.Random(1)

    for kills in (1, 2, 5, 100):
        assert all(1 <= plan(chance, kills).kills <= kills for _ in range(200))


def test_nothing_is_planned_behind_the_death_of_the_server_but_for_the_delivery() -> None:
    chance = random.Random(2)

    for _ in range(200):
        victims = [victim for _, victim in plan(chance, 100).recording]
        assert Victim.SERVER not in victims[:-1]


def test_everything_is_killed_at_some_time() -> None:
    chance = random.Random(3)
    plans = [plan(chance, 100) for _ in range(100)]

    assert {victim for each in plans for _, victim in each.recording} == set(Victim)
    assert {each.delivery[1] for each in plans if each.delivery} == {Victim.RENDERER, Victim.SERVER}


def test_the_same_seed_plans_the_same() -> None:
    assert [plan(random.Random(4), 9) for _ in range(3)] == [plan(random.Random(4), 9) for _ in range(3)]
