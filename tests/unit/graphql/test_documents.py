from stash_sense.adapters.graphql.documents import Document

GATED = Document(
    "example",
    """query Example {
  performer {
    id
    career_start  # needs Performer.career_start
    both  # needs Performer.one, Performer.other
  }
}
""",
)


def test_a_line_is_left_out_where_the_server_has_no_such_field() -> None:
    text = GATED.for_server({"Performer.one"}.__contains__).text
    assert "career_start" not in text
    assert "both" not in text
    assert "id" in text


def test_a_line_is_sent_without_its_mark_where_the_server_has_all_that_it_needs() -> None:
    text = GATED.for_server(lambda _: True).text
    assert "    career_start\n    both\n" in text
    assert "#" not in text


def test_what_a_document_needs_is_known() -> None:
    assert GATED.needs == {"Performer.career_start", "Performer.one", "Performer.other"}
    assert not Document("plain", "{ version { version } }").needs


def test_a_mutation_is_a_write_and_a_query_is_not() -> None:
    assert Document("write", "mutation M { stopJob(job_id: 1) }").is_write
    assert not Document("read", "query Q { mutation }").is_write
    assert not Document("short", "{ version { version } }").is_write
